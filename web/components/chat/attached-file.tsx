/**
 * A file that came with a message: kept in one's files or on the disk, when one says so. The node fetches it from the
 * sender's; nothing is fetched by looking at it.
 */
import { Progress } from "@base-ui/react/progress";
import { Check, File as FileIcon, FolderDown, HardDriveDownload, RotateCw, X } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Message, MessageFile, ReceivedFile } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { useFiles, useReceived } from "../../api/queries.ts";
import { saveReceived } from "../../api/save-file.ts";
import { useAction } from "../../api/use-action.ts";
import { NO_FILES_WORDS } from "../../lib/persona-words.ts";
import { percentOf, receivedWords, sourceWords } from "../../lib/received-words.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { Button, IconButton } from "../button.tsx";
import { FileWords } from "./file-words.tsx";

export interface AttachedFileProps {
  readonly message: Message;
  readonly file: MessageFile;
}

/** What was sent to a persona is not opened. */
export function AttachedFile({ message, file }: AttachedFileProps): ReactNode {
  const acting = useStore(actingStore) !== null;
  return (
    <figure aria-label={file.name} className="min-w-0 rounded-lg border border-control px-3 py-2">
      <div className="flex min-h-10 items-center gap-3">
        <FileIcon aria-hidden className="size-5 shrink-0" />
        <FileWords file={file} note={acting && !message.mine ? NO_FILES_WORDS : null} />
      </div>
      {!acting && (message.mine ? <OwnOffer message={message} file={file} /> : <Offer message={message} file={file} />)}
    </figure>
  );
}

/** What this device sent is in the library; what another device of ours sent lies there. */
function OwnOffer({ message, file }: AttachedFileProps): ReactNode {
  const { data } = useFiles();
  if (!data || data.some(({ id }) => id === file.id)) return null;
  return <Offer message={message} file={file} />;
}

function Offer({ message, file }: AttachedFileProps): ReactNode {
  const received = useReceived().data?.find((one) => one.message === message.id && one.file === file.id) ?? null;
  const path = `/messages/${message.id}/files/${encodeURIComponent(file.id)}/save`;
  const save = useAction(() => call<ReceivedFile>("POST", path, {}));
  const stop = useAction(() => call("DELETE", path));
  const toDisk = useAction(() => saveReceived(message.id, file.id));
  if (received?.state === "fetching") return <Fetching received={received} onStop={() => void stop.run()} />;
  if (received?.state === "saved") return <Saved received={received} />;
  const isWaiting = received?.state === "waiting";
  return (
    <>
      <p role={received ? "status" : undefined} className="mt-1 text-sm text-muted wrap-anywhere">
        {received ? receivedWords(received) : sourceWords(file.url)}
      </p>
      <div className="mt-2 mb-1 flex flex-wrap gap-2">
        <Button icon={received ? RotateCw : FolderDown} busy={save.busy} onClick={() => void save.run()}>
          {received ? "Try again" : "Save to your files"}
        </Button>
        {isWaiting ? (
          <Button icon={X} onClick={() => void stop.run()}>
            Stop
          </Button>
        ) : (
          <Button icon={HardDriveDownload} busy={toDisk.busy} onClick={() => void toDisk.run()}>
            Save to disk
          </Button>
        )}
      </div>
    </>
  );
}

interface FetchingProps {
  readonly received: ReceivedFile;
  readonly onStop: () => void;
}

function Fetching({ received, onStop }: FetchingProps): ReactNode {
  return (
    <div className="flex items-center gap-2">
      <div className="min-w-40 grow">
        <p className="text-sm text-muted tabular-nums">{receivedWords(received)}</p>
        <Progress.Root value={percentOf(received)} aria-label={`Saving ${received.name}`} className="mt-1.5 block">
          <Progress.Track className="block h-1 overflow-hidden rounded-full bg-divider">
            <Progress.Indicator className="block bg-ink transition-[width]" />
          </Progress.Track>
        </Progress.Root>
      </div>
      <IconButton icon={X} label={`Stop saving ${received.name}`} onClick={onStop} className="ring-inside" />
    </div>
  );
}

function Saved({ received }: { readonly received: ReceivedFile }): ReactNode {
  return (
    <Link
      href={`/files/${received.savedAs?.folder ?? ""}`}
      className="ring-inside flex min-h-11 items-center gap-2 rounded-lg text-sm underline underline-offset-4"
    >
      <Check aria-hidden className="size-4 shrink-0" />
      <span className="wrap-anywhere">{receivedWords(received)}</span>
    </Link>
  );
}
