/** Files into the mesh and out of it, each with a way back as long as its notice stands. */
import type { FileView } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { refreshLibrary } from "../components/files/moving.ts";
import { removeLater } from "./removals.ts";
import { notify, showFailure, toasts } from "./toasts.ts";

const UNDO_MS = 6_000;

type Named = Pick<FileView, "id" | "name">;

/** Begins at once: until the notice is gone, and later by the menu, it can be taken out again. */
export async function keepInMesh({ id, name }: Named): Promise<void> {
  await change("POST", `/files/${id}/mesh`);
  const toast = toasts.add({
    title: `${name} goes into the mesh`,
    timeout: UNDO_MS,
    actionProps: {
      children: "Undo",
      onClick: () => {
        toasts.close(toast);
        change("DELETE", `/files/${id}/mesh`).catch(showFailure);
      },
    },
  });
}

/** What the removals call a file that is about to be taken out: the file itself stays in sight. */
export function takenOutId({ id }: Pick<FileView, "id">): string {
  return `mesh:${id}`;
}

/** Nodes are told to drop it when the notice closes. */
export function takeOutOfMesh({ id, name }: Named): void {
  const notice = `${name} is only on this machine again`;
  removeLater({ id: takenOutId({ id }), notice, path: `/files/${id}/mesh`, afterwards: refreshLibrary });
}

/** Throws ApiFailure. */
export async function freeHere({ id, name }: Named): Promise<void> {
  await change("DELETE", `/files/${id}/local`);
  notify(`${name} is in the mesh only`, "It is read from there when you open it.");
}

/** Throws ApiFailure. */
export async function bringHere({ id, name }: Named): Promise<void> {
  await change("POST", `/files/${id}/local`);
  notify(`${name} is on this disk, too`);
}

async function change(method: "POST" | "DELETE", path: string): Promise<void> {
  await call(method, path);
  await refreshLibrary();
}
