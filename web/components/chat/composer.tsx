/**
 * Where a message is written. Enter sends and Shift+Enter breaks the line; on a touch screen Enter breaks
 * the line, because there is no Shift within reach. Drafts stay in memory while one looks elsewhere.
 */
import { Globe, SendHorizontal, X } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, type ReactNode, type SubmitEvent, useId, useRef } from "react";
import type { Contact } from "../../../src/api/contract.ts";
import { countOf, formatBytes } from "../../lib/format.ts";
import { overallProgress } from "../../lib/upload-progress.ts";
import { attachFromDisk } from "../../stores/attachments.ts";
import { type Draft, clearDraft, draftOf, draftsStore, editDraft } from "../../stores/drafts.ts";
import { sendDraft } from "../../stores/outgoing.ts";
import { useStore } from "../../stores/store.ts";
import { uploadsStore } from "../../stores/uploads.ts";
import { Button, IconButton } from "../button.tsx";
import { AttachMenu } from "./attach-menu.tsx";

/** UTF-8 bytes that one message may hold (the node's MESSAGE_LIMITS.textBytes). */
const TEXT_BYTES = 16_384;
/** From here on the room that is left is told. */
const TELL_FROM_BYTES = 14_000;

/** Empty messages are not sent and too long ones stay: the focus goes back to the text instead of an error. */
export function Composer({ contact }: { readonly contact: Contact }): ReactNode {
  const { npub, name } = contact;
  useStore(draftsStore);
  const draft = draftOf(npub);
  const interop = draft.interop || contact.encryption === "interop";
  const input = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const bytes = new TextEncoder().encode(draft.text.trim()).length;

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const empty = draft.text.trim() === "" && draft.files.length === 0;
    if (empty || bytes > TEXT_BYTES) return input.current?.focus();
    void sendDraft(npub, { ...draft, interop });
    clearDraft(npub);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || touch) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };
  const onPaste = (event: ClipboardEvent): void => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    void attachFromDisk(npub, event.clipboardData.files);
  };

  return (
    <form ref={form} onSubmit={submit} className="border-t border-divider px-3 py-3 rail:px-5">
      {interop && <NotHidden npub={npub} chosen={contact.encryption !== "interop"} />}
      <Arriving />
      <Attachments npub={npub} draft={draft} />
      <div className="flex items-end gap-2">
        <AttachMenu npub={npub} />
        <label htmlFor={id} className="sr-only">
          Message to {name}
        </label>
        <textarea
          id={id}
          ref={input}
          rows={1}
          dir="auto"
          value={draft.text}
          placeholder="Message"
          onChange={(event) => editDraft(npub, { text: event.target.value })}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          aria-invalid={bytes > TEXT_BYTES || undefined}
          aria-describedby={bytes > TELL_FROM_BYTES ? `${id}room` : undefined}
          className="field field-sizing-content max-h-48 resize-none"
        />
        <SendButton interop={interop} />
      </div>
      {bytes > TELL_FROM_BYTES && <Room id={`${id}room`} bytes={bytes} />}
    </form>
  );
}

/** Not hidden is said on the button itself, the last thing that is looked at before sending. */
function SendButton({ interop }: { readonly interop: boolean }): ReactNode {
  if (interop) {
    return (
      <Button type="submit" kind="primary" icon={Globe}>
        Send<span className="max-rail:sr-only">, not hidden</span>
      </Button>
    );
  }
  return <IconButton type="submit" kind="primary" icon={SendHorizontal} label="Send" className="rtl:-scale-x-100" />;
}

/** Counted in bytes, because that is what an encrypted message has room for. */
function Room({ id, bytes }: { readonly id: string; readonly bytes: number }): ReactNode {
  const left = TEXT_BYTES - bytes;
  return (
    <output id={id} className="mt-2 block text-sm text-muted">
      {left >= 0 ? `${left} bytes left.` : `${-left} bytes too long: shorten it, or send it as a file.`}
    </output>
  );
}

/** Stands above the text as long as the conversation is not hidden; only a chosen one can be taken back. */
function NotHidden({ npub, chosen }: { readonly npub: string; readonly chosen: boolean }): ReactNode {
  return (
    <div className="mb-2 flex items-center gap-2 text-sm">
      <Globe aria-hidden className="size-4 shrink-0" />
      <p className="grow">
        <strong>Not hidden.</strong> Sent as an ordinary Nostr direct message, without Nocturne’s own encryption.
      </p>
      {chosen && <Button onClick={() => editDraft(npub, { interop: false })}>Hide again</Button>}
    </div>
  );
}

/** Files that are still on their way into the library; they join the draft when they are there. */
function Arriving(): ReactNode {
  const { open, percent } = overallProgress(useStore(uploadsStore));
  if (open === 0) return null;
  return (
    <output className="mb-2 block text-sm text-muted">
      Encrypting {countOf(open, "file")}, {percent} %
    </output>
  );
}

function Attachments({ npub, draft }: { readonly npub: string; readonly draft: Draft }): ReactNode {
  if (draft.files.length === 0) return null;
  const remove = (id: string): void => editDraft(npub, { files: draft.files.filter((file) => file.id !== id) });
  return (
    <ul aria-label="Attached files" className="mb-2 flex flex-wrap gap-2">
      {draft.files.map((file) => (
        <li key={file.id} className="flex max-w-full items-center rounded-lg border border-control ps-3">
          <span className="truncate">
            <bdi>{file.name}</bdi>
          </span>
          <span className="ms-2 shrink-0 text-sm text-muted">{formatBytes(file.bytes)}</span>
          <IconButton icon={X} label={`Remove ${file.name}`} onClick={() => remove(file.id)} className="ring-inside" />
        </li>
      ))}
    </ul>
  );
}
