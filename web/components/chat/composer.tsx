/**
 * Where a message is written. Enter sends and Shift+Enter breaks the line; on a touch screen Enter breaks
 * the line, because there is no Shift within reach. Drafts outlive looking elsewhere, and a reload.
 */
import { Globe, Mic, SendHorizontal, X } from "lucide-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  type SubmitEvent,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import type { Message } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { withChanged } from "../../api/message-cache.ts";
import { editMessages } from "../../api/push.ts";
import { useConversations } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { COMPOSER_FIELD } from "../../lib/composer-field.ts";
import { formatBytes } from "../../lib/format.ts";
import { actingId, actingStore } from "../../stores/acting.ts";
import { attachFromDisk } from "../../stores/attachments.ts";
import { type Draft, clearDraft, draftOf, draftsStore, editDraft } from "../../stores/drafts.ts";
import { sendDraft } from "../../stores/outgoing.ts";
import { useStore } from "../../stores/store.ts";
import { tellTyping, typingEnded } from "../../stores/typing.ts";
import { canRecord } from "../../stores/voice-recording.ts";
import { Button, IconButton } from "../button.tsx";
import { Arriving } from "../files/arriving.tsx";
import { AttachMenu } from "./attach-menu.tsx";
import { ComposerContext } from "./composer-context.tsx";
import { VoiceRecorder } from "./voice-recorder.tsx";

/** UTF-8 bytes that one message may hold (the node's MESSAGE_LIMITS.textBytes). */
const TEXT_BYTES = 16_384;
/** From here on the room that is left is told. */
const TELL_FROM_BYTES = 14_000;

export interface ComposerProps {
  /** The conversation's id. */
  readonly who: string;
  readonly name: string;
  /** Nothing else reaches this contact. */
  readonly interopOnly: boolean;
}

/** A voice note is recorded in the place of the field. */
export function Composer(props: ComposerProps): ReactNode {
  const { who, interopOnly } = props;
  useStore(draftsStore);
  useConversations(); // the kept draft may come after the page
  const [recording, setRecording] = useState(false);
  const draft = draftOf(who);
  const interop = draft.interop || interopOnly;
  return (
    <div className="border-t border-divider px-3 py-3 rail:px-5">
      {interop && <NotHidden npub={who} chosen={!interopOnly} />}
      <ComposerContext who={who} draft={draft} />
      {recording ? (
        <VoiceRecorder who={who} onClose={() => setRecording(false)} />
      ) : (
        <TextForm {...props} draft={draft} interop={interop} onRecord={() => setRecording(true)} />
      )}
    </div>
  );
}

interface TextFormProps extends ComposerProps {
  readonly draft: Draft;
  readonly interop: boolean;
  readonly onRecord: () => void;
}

/** Empty messages are not sent and too long ones stay: the focus goes back to the text instead of an error. */
function TextForm({ who, name, draft, interop, onRecord }: TextFormProps): ReactNode {
  const form = useRef<HTMLFormElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const { editing } = draft;
  const text = editing?.text ?? draft.text;
  const bytes = new TextEncoder().encode(text.trim()).length;
  const edit = useAction(saveEdit);
  const acting = useStore(actingStore); // a persona sends no files
  useFocusOnContext(draft, input);
  useCaretAtEnd(input);

  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const empty = text.trim() === "" && (editing !== null || draft.files.length === 0);
    if (empty || bytes > TEXT_BYTES) return input.current?.focus();
    if (editing) void edit.run(who, editing.message, text.trim());
    else send(who, { ...draft, interop });
    input.current?.focus();
  };
  const blank = !editing && draft.text.trim() === "" && draft.files.length === 0;
  return (
    <form ref={form} onSubmit={submit}>
      <Arriving />
      {!editing && <Attachments who={who} draft={draft} />}
      <div className="flex items-end gap-2">
        {!editing && !acting && <AttachMenu who={who} />}
        <label htmlFor={id} className="sr-only">
          {editing ? "New text of the message" : `Message to ${name}`}
        </label>
        <textarea
          id={id}
          ref={input}
          data-field={COMPOSER_FIELD}
          rows={1}
          dir="auto"
          value={text}
          placeholder="Message"
          onChange={(event) => type(who, draft, event.target.value)}
          onKeyDown={(event) => onKeyDown(event, who, draft, form)}
          onPaste={(event) => onPaste(event, who)}
          aria-invalid={bytes > TEXT_BYTES || undefined}
          aria-describedby={bytes > TELL_FROM_BYTES ? `${id}room` : undefined}
          className="field field-sizing-content max-h-48 resize-none"
        />
        {blank && !interop && !acting && canRecord() ? (
          <IconButton icon={Mic} label="Record a voice note" onClick={onRecord} />
        ) : (
          <SendButton interop={interop && !editing} busy={edit.busy} label={editing ? "Save the change" : "Send"} />
        )}
      </div>
      {bytes > TELL_FROM_BYTES && <Room id={`${id}room`} bytes={bytes} />}
    </form>
  );
}

function send(who: string, draft: Draft): void {
  void sendDraft(who, draft);
  clearDraft(who);
  typingEnded(who);
}

/** What the node refuses (too late, too long) stays in the field. */
async function saveEdit(who: string, message: Message, text: string): Promise<void> {
  if (text !== message.text) {
    const changed = await call<Message>("PUT", `/messages/${message.id}`, { text });
    editMessages(who, (pages) => withChanged(pages, changed));
  }
  editDraft(who, { editing: null });
}

function type(who: string, { editing }: Draft, text: string): void {
  if (editing) return editDraft(who, { editing: { ...editing, text } });
  editDraft(who, { text });
  if (text.trim() !== "") tellTyping(who);
}

function onKeyDown(event: KeyboardEvent, who: string, draft: Draft, form: RefObject<HTMLFormElement | null>): void {
  if (event.key === "Escape" && (draft.editing || draft.replyTo)) {
    // Else the same key would leave the conversation as well.
    event.preventDefault();
    return editDraft(who, { editing: null, replyTo: null });
  }
  const touch = matchMedia("(pointer: coarse)").matches;
  if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || touch) return;
  event.preventDefault();
  form.current?.requestSubmit();
}

function onPaste(event: ClipboardEvent, who: string): void {
  if (event.clipboardData.files.length === 0) return;
  event.preventDefault();
  if (actingId() === null) void attachFromDisk(who, event.clipboardData.files);
}

/** Whoever chose to answer or to change a message wants to write next. */
function useFocusOnContext({ replyTo, editing }: Draft, input: RefObject<HTMLTextAreaElement | null>): void {
  const context = editing?.message.id ?? replyTo?.id ?? null;
  const first = useRef(true);
  useEffect(() => {
    if (context !== null && !first.current) input.current?.focus();
    first.current = false;
  }, [context, input]);
}

/** Whoever comes back to a draft goes on where it ends. */
function useCaretAtEnd(input: RefObject<HTMLTextAreaElement | null>): void {
  useEffect(() => {
    const end = input.current?.value.length ?? 0;
    input.current?.setSelectionRange(end, end);
  }, [input]);
}

interface SendButtonProps {
  readonly interop: boolean;
  readonly busy: boolean;
  readonly label: string;
}

/** Not hidden is said on the button itself, the last thing that is looked at before sending. */
function SendButton({ interop, busy, label }: SendButtonProps): ReactNode {
  if (interop) {
    return (
      <Button type="submit" kind="primary" icon={Globe}>
        Send<span className="max-rail:sr-only">, not hidden</span>
      </Button>
    );
  }
  return (
    <IconButton
      type="submit"
      kind="primary"
      icon={SendHorizontal}
      label={label}
      busy={busy}
      className="rtl:-scale-x-100"
    />
  );
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

function Attachments({ who, draft }: { readonly who: string; readonly draft: Draft }): ReactNode {
  if (draft.files.length === 0) return null;
  const remove = (id: string): void => editDraft(who, { files: draft.files.filter((file) => file.id !== id) });
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
