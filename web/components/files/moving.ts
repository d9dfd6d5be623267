/** Putting files and folders elsewhere: by a dialog, by a new name, or by dragging them onto a folder. */
import type { DragEvent } from "react";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { showFailure } from "../../stores/toasts.ts";

/** A file or a folder, as far as moving it goes. */
export interface Movable {
  readonly kind: "files" | "folders";
  readonly id: string;
  readonly name: string;
}

const DRAGGED = "application/x-nocturne-file";

/** Fetches what any change of the library may have changed. */
export function refreshLibrary(): Promise<unknown> {
  const changed = [keys.files, keys.folders, keys.foundFiles, keys.trash, keys.versions, keys.space, keys.links];
  return Promise.all(changed.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
}

/** Throws ApiFailure. `folder` "" is the top. */
export async function place({ kind, id }: Movable, to: { name?: string; folder?: string }): Promise<void> {
  await call("PATCH", `/${kind}/${id}`, to);
  await refreshLibrary();
}

interface DragProps {
  readonly draggable: true;
  readonly onDragStart: (event: DragEvent) => void;
}

/** For the row of a thing that can be dragged. */
export function draggable(thing: Movable): DragProps {
  const onDragStart = (event: DragEvent): void => {
    event.dataTransfer.setData(DRAGGED, JSON.stringify(thing));
    event.dataTransfer.effectAllowed = "move";
  };
  return { draggable: true, onDragStart };
}

interface DropProps {
  readonly onDragOver: (event: DragEvent) => void;
  readonly onDrop: (event: DragEvent) => void;
}

/** For a folder that takes what is dropped on it; files from outside go on to the drop zone around it. */
export function dropInto(folder: string): DropProps {
  const onDragOver = (event: DragEvent): void => {
    if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
  };
  const onDrop = (event: DragEvent): void => {
    const dropped = event.dataTransfer.getData(DRAGGED);
    if (dropped === "") return;
    event.preventDefault();
    event.stopPropagation();
    const thing = JSON.parse(dropped) as Movable;
    if (thing.id !== folder) place(thing, { folder }).catch(showFailure);
  };
  return { onDragOver, onDrop };
}
