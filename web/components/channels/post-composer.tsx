/** Where the owner writes a post. Enter posts and Shift+Enter breaks the line; on a touch screen Enter breaks the line. */
import { Reply, SendHorizontal, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type SubmitEvent, useId, useRef } from "react";
import type { Channel, ChannelPost, FileView, PostInChannel } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { channelName } from "../../lib/channel-words.ts";
import { COMPOSER_FIELD } from "../../lib/composer-field.ts";
import { formatBytes } from "../../lib/format.ts";
import { draftOf, draftsStore, editDraft } from "../../stores/drafts.ts";
import { editPostDraft, postDraftOf, postDraftsStore } from "../../stores/post-drafts.ts";
import { useStore } from "../../stores/store.ts";
import { IconButton } from "../button.tsx";
import { Arriving } from "../files/arriving.tsx";
import { AttachMenu } from "../chat/attach-menu.tsx";

/** UTF-8 bytes that one post may hold (the node's CHANNEL_LIMITS.textBytes). */
const TEXT_BYTES = 16_384;

/** What the node refuses stays in the field. */
export function PostComposer({ channel }: { readonly channel: Channel }): ReactNode {
  const { id } = channel;
  useStore(draftsStore);
  useStore(postDraftsStore);
  const form = useRef<HTMLFormElement>(null);
  const input = useRef<HTMLTextAreaElement>(null);
  const fieldId = useId();
  const { text, replyTo } = postDraftOf(id);
  const { files } = draftOf(id);
  const tooLong = new TextEncoder().encode(text.trim()).length - TEXT_BYTES;
  const post = useAction(() => publish(id, text.trim(), files, replyTo));
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    input.current?.focus();
    const empty = text.trim() === "" && files.length === 0;
    if (!empty && tooLong <= 0) void post.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && replyTo) {
      event.preventDefault();
      editPostDraft(id, { replyTo: null });
    }
    const touch = matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || touch) return;
    event.preventDefault();
    form.current?.requestSubmit();
  };
  return (
    <form ref={form} onSubmit={submit} className="border-t border-divider px-3 py-3 rail:px-5">
      {replyTo && <Answering post={replyTo} />}
      <Arriving />
      <Attachments channel={id} files={files} />
      <div className="flex items-end gap-2">
        <AttachMenu who={id} />
        <label htmlFor={fieldId} className="sr-only">
          Post in {channelName(channel)}
        </label>
        <textarea
          id={fieldId}
          ref={input}
          data-field={COMPOSER_FIELD}
          rows={1}
          dir="auto"
          value={text}
          placeholder="Post to all readers"
          onChange={(event) => editPostDraft(id, { text: event.target.value })}
          onKeyDown={onKeyDown}
          aria-invalid={tooLong > 0 || undefined}
          aria-describedby={tooLong > 0 ? `${fieldId}room` : undefined}
          className="field field-sizing-content max-h-48 resize-none"
        />
        <IconButton
          type="submit"
          kind="primary"
          icon={SendHorizontal}
          label="Post"
          busy={post.busy}
          className="rtl:-scale-x-100"
        />
      </div>
      {tooLong > 0 && (
        <output id={`${fieldId}room`} className="mt-2 block text-sm text-muted">
          {tooLong} bytes too long: shorten it, or attach it as a file.
        </output>
      )}
    </form>
  );
}

async function publish(
  id: string,
  text: string,
  files: readonly FileView[],
  replyTo: ChannelPost | null,
): Promise<void> {
  const request: PostInChannel = {
    text,
    files: files.map((file) => file.id),
    ...(replyTo === null ? {} : { replyTo: replyTo.n }),
  };
  await call<ChannelPost>("POST", `/channels/${id}/posts`, request);
  // What was typed meanwhile is the next post.
  editPostDraft(id, postDraftOf(id).text.trim() === text ? { text: "", replyTo: null } : { replyTo: null });
  editDraft(id, { files: [] });
  await queryClient.invalidateQueries({ queryKey: keys.postsOf(id) });
}

function Answering({ post }: { readonly post: ChannelPost }): ReactNode {
  return (
    <section aria-label="Answering a post" className="mb-2 flex items-center gap-3 border-s-2 border-ink ps-3 text-sm">
      <Reply aria-hidden className="size-4 shrink-0" />
      <bdi className="line-clamp-2 min-w-0 grow text-muted wrap-anywhere">{post.text || `Post ${post.n}`}</bdi>
      <IconButton
        icon={X}
        label="Do not answer"
        onClick={() => editPostDraft(post.channel, { replyTo: null })}
        className="ring-inside"
      />
    </section>
  );
}

interface AttachmentsProps {
  readonly channel: string;
  readonly files: readonly FileView[];
}

function Attachments({ channel, files }: AttachmentsProps): ReactNode {
  if (files.length === 0) return null;
  return (
    <ul aria-label="Attached files" className="mb-2 flex flex-wrap gap-2">
      {files.map(({ id, name, bytes }) => (
        <li key={id} className="flex max-w-full items-center rounded-lg border border-control ps-3">
          <span className="truncate">
            <bdi>{name}</bdi>
          </span>
          <span className="ms-2 shrink-0 text-sm text-muted">{formatBytes(bytes)}</span>
          <IconButton
            icon={X}
            label={`Remove ${name}`}
            onClick={() => editDraft(channel, { files: files.filter((file) => file.id !== id) })}
            className="ring-inside"
          />
        </li>
      ))}
    </ul>
  );
}
