/** A file of a channel's post. It travels as a link: the sender's machine serves it, and sees who asks. */
import { File as FileIcon, FileDown } from "lucide-react";
import type { ReactNode } from "react";
import type { MessageFile } from "../../../src/api/contract.ts";
import { NO_FILES_WORDS } from "../../lib/persona-words.ts";
import { isThisMachine, webAddress } from "../../lib/text-links.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { FileWords } from "../chat/file-words.tsx";

export interface PostFileProps {
  readonly file: MessageFile;
  readonly mine: boolean;
}

const CARD = "flex min-h-14 items-center gap-3 rounded-lg border border-control px-3 py-2";

/** Our own files are no links: opening one would use up a download of our own link. Nor are those sent to a persona. */
export function PostFile({ file, mine }: PostFileProps): ReactNode {
  const acting = useStore(actingStore);
  const address = acting ? null : webAddress(file.url);
  const note = acting && !mine ? NO_FILES_WORDS : mine || !address ? null : sourceNote(address);
  if (mine || !address) {
    return (
      <div className={CARD}>
        <FileIcon aria-hidden className="size-5 shrink-0" />
        <FileWords file={file} note={note} />
      </div>
    );
  }
  return (
    <a href={address.href} target="_blank" rel="noopener noreferrer" className={`${CARD} ring-inside hover:border-ink`}>
      <FileDown aria-hidden className="size-5 shrink-0" />
      <FileWords file={file} note={note} />
    </a>
  );
}

/** Said before the click, because the click is what tells the other machine. */
function sourceNote(address: URL): string {
  return isThisMachine(address.href)
    ? "opens on the sender's machine only"
    : `served by ${address.host}, which sees your address`;
}
