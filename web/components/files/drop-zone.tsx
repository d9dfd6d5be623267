/** Takes files and folders dropped anywhere on the scene, and says so while they hover over it. */
import { FileUp } from "lucide-react";
import { type DragEvent, type ReactNode, useState } from "react";
import { type Chosen, droppedFiles, MOST_FILES } from "../../lib/chosen-files.ts";
import { notify } from "../../stores/toasts.ts";

export interface DropZoneProps {
  readonly onFiles: (chosen: Chosen) => void;
  readonly children: ReactNode;
}

/** Text dragged by accident is ignored; only files light the zone up. */
export function DropZone({ onFiles, children }: DropZoneProps): ReactNode {
  const [over, setOver] = useState(false);
  const enter = (event: DragEvent): void => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const leave = (event: DragEvent): void => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void droppedFiles(event.dataTransfer).then(onFiles, couldNotRead);
  };
  return (
    <div onDragEnter={enter} onDragOver={enter} onDragLeave={leave} onDrop={drop} className="relative h-full">
      {children}
      {over && (
        <div className="pointer-events-none absolute inset-3 flex flex-col items-center justify-center gap-3 rounded-2xl border-2 border-dashed border-ink bg-page/95">
          <FileUp aria-hidden className="size-10" strokeWidth={1.5} />
          <p className="text-lg font-semibold">Drop to add to your files</p>
        </div>
      )}
    </div>
  );
}

function couldNotRead(error: unknown): void {
  if (error instanceof RangeError)
    notify("That is more than can be added at once.", `Drop at most ${MOST_FILES} files.`);
  else notify("The browser could not read what was dropped.", "Choose it by the button instead.");
}
