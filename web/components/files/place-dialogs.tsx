/** The questions about places: a new folder, and where something is to go. */
import { CornerUpLeft, Folder } from "lucide-react";
import { type ReactNode, useState } from "react";
import { call } from "../../api/client.ts";
import { useFolder } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { Button } from "../button.tsx";
import { TextField } from "../field.tsx";
import { Modal, ModalForm } from "../modal.tsx";
import { type Movable, place, refreshLibrary } from "./moving.ts";

export interface NewFolderProps {
  /** The id of the folder around it; "" at the top. */
  readonly inside: string;
  readonly onClose: () => void;
}

export function NewFolderDialog({ inside, onClose }: NewFolderProps): ReactNode {
  const [name, setName] = useState("");
  const { run, busy } = useAction(async () => {
    await call("POST", "/folders", { name, folder: inside });
    await refreshLibrary();
    onClose();
  });
  return (
    <ModalForm title="New folder" open onClose={onClose} action="Make it" busy={busy} onSubmit={() => void run()}>
      <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} />
    </ModalForm>
  );
}

export interface MoveDialogProps {
  readonly thing: Movable;
  readonly onClose: () => void;
}

const STEP = "ring-inside flex min-h-12 w-full items-center gap-3 rounded-lg px-2 text-start hover:bg-divider";

/** One goes through the folders as in the library; a folder cannot be entered while it is itself what moves. */
export function MoveDialog({ thing, onClose }: MoveDialogProps): ReactNode {
  const [at, setAt] = useState("");
  const { data } = useFolder(at);
  const { run, busy } = useAction(async () => {
    await place(thing, { folder: at });
    onClose();
  });
  const here = data?.crumbs.at(-1);
  return (
    <Modal title={`Move ${thing.name}`} open onClose={onClose}>
      <p className="mb-2 text-muted">
        To <bdi>{here?.path ?? "the top"}</bdi>
      </p>
      <ul aria-label="Folders" className="mb-5 max-h-72 overflow-y-auto">
        {here && (
          <li className="border-t border-divider py-1">
            <button type="button" className={STEP} onClick={() => setAt(here.folder ?? "")}>
              <CornerUpLeft aria-hidden className="size-5 text-muted" />
              Up
            </button>
          </li>
        )}
        {data?.folders
          .filter(({ id }) => id !== thing.id)
          .map(({ id, name }) => (
            <li key={id} className="border-t border-divider py-1">
              <button type="button" className={STEP} onClick={() => setAt(id)}>
                <Folder aria-hidden className="size-5 shrink-0 text-muted" />
                <bdi className="wrap-anywhere">{name}</bdi>
              </button>
            </li>
          ))}
      </ul>
      <div className="flex flex-wrap justify-end gap-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" busy={busy} onClick={() => void run()}>
          Move here
        </Button>
      </div>
    </Modal>
  );
}
