/** Takes files and folders dropped anywhere on the scene, and says so while they hover over it. */
import { FileUp } from "lucide-react";
import { type DragEvent, type ReactNode, useState } from "react";
import { type Chosen, droppedFiles } from "../../lib/chosen-files.ts";
import { refuseChosen } from "./refuse-chosen.ts";

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
    void droppedFiles(event.dataTransfer).then(onFiles, refuseChosen);
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
