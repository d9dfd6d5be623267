/** What was deleted and can come back. */
import { File, Folder, Trash2, Undo2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { TrashEntry } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { useTrash } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, IconButton } from "../components/button.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { refreshLibrary } from "../components/files/moving.ts";
import { LongList } from "../components/long-list.tsx";
import { Modal } from "../components/modal.tsx";
import { Scene } from "../components/scene.tsx";
import { countOf, formatBytes, formatDate } from "../lib/format.ts";

export function TrashScene(): ReactNode {
  const { data, error, refetch } = useTrash();
  const [asking, setAsking] = useState(false);
  const [going, setGoing] = useState<TrashEntry>();
  const isFull = data !== undefined && data.entries.length > 0;
  return (
    <Scene
      title="Trash"
      back="/files"
      actions={isFull && <Button onClick={() => setAsking(true)}>Empty the trash</Button>}
    >
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading the trash" />}
      {data?.entries.length === 0 && (
        <Empty icon={Trash2} title="The trash is empty">
          What you delete waits here for 30 days, encrypted as before. Its links end at once.
        </Empty>
      )}
      {isFull && (
        <>
          <output className="block border-b border-divider pb-3 text-muted">
            {countOf(data.entries.length, "entry", "entries")} · {formatBytes(data.bytes)} on this machine
          </output>
          <LongList items={data.entries}>
            {(entry) => <TrashRow key={entry.id} entry={entry} onDelete={() => setGoing(entry)} />}
          </LongList>
        </>
      )}
      {asking && (
        <DeleteDialog
          title="Empty the trash?"
          description="All that is in it is deleted for good."
          path="/trash"
          onClose={() => setAsking(false)}
        />
      )}
      {going && (
        <DeleteDialog
          title={`Delete ${going.name} for good?`}
          description="Nothing brings it back after that, but a backup that was made before."
          path={`/trash/${going.id}`}
          onClose={() => setGoing(undefined)}
        />
      )}
    </Scene>
  );
}

interface TrashRowProps {
  readonly entry: TrashEntry;
  readonly onDelete: () => void;
}

function TrashRow({ entry, onDelete }: TrashRowProps): ReactNode {
  const { id, kind, name, from, bytes, deletesAt } = entry;
  const { run, busy } = useAction(async () => {
    await call("POST", `/trash/${id}`);
    await refreshLibrary();
  });
  const Icon = kind === "folder" ? Folder : File;
  return (
    <div className="flex min-h-18 items-center gap-3 border-b border-divider py-2">
      <Icon aria-hidden className="size-5 shrink-0 text-muted" />
      <div className="min-w-0 grow">
        <p className="line-clamp-2 font-medium wrap-anywhere">
          <bdi>{from ?? name}</bdi>
        </p>
        <p className="facts text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          <span>Gone for good on {formatDate(deletesAt)}</span>
        </p>
      </div>
      <IconButton icon={Undo2} label={`Restore ${name}`} busy={busy} onClick={() => void run()} />
      <IconButton icon={Trash2} label={`Delete ${name} for good`} onClick={onDelete} />
    </div>
  );
}

interface DeleteDialogProps {
  readonly title: string;
  readonly description: string;
  /** API path to DELETE. */
  readonly path: string;
  readonly onClose: () => void;
}

function DeleteDialog({ title, description, path, onClose }: DeleteDialogProps): ReactNode {
  const { run, busy } = useAction(async () => {
    await call("DELETE", path);
    await refreshLibrary();
    onClose();
  });
  return (
    <Modal title={title} description={description} open onClose={onClose}>
      <div className="flex flex-wrap justify-end gap-3">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" busy={busy} onClick={() => void run()}>
          Delete for good
        </Button>
      </div>
    </Modal>
  );
}
