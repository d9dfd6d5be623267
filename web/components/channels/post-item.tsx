/** One post. Heard in this order: what it answers, text, files, when. */
import { Ban, Pencil, Reply, Trash2 } from "lucide-react";
import { memo, type ReactNode } from "react";
import type { ChannelPost } from "../../../src/api/contract.ts";
import { composerField } from "../../lib/composer-field.ts";
import { formatMoment, formatRecent } from "../../lib/format.ts";
import { editPostDraft } from "../../stores/post-drafts.ts";
import { PostFile } from "./post-file.tsx";
import { MessageText } from "../chat/message-text.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";

export interface PostAsk {
  readonly kind: "edit" | "delete";
  readonly post: ChannelPost;
}

export interface PostItemProps {
  readonly post: ChannelPost;
  /** The post that it answers; null if none, or if that one is not loaded. */
  readonly answered: ChannelPost | null;
  readonly onAsk: (asked: PostAsk) => void;
}

/** Renders anew only when its own post changes. */
export const PostItem: typeof Item = memo(Item);

function Item({ post, answered, onAsk }: PostItemProps): ReactNode {
  const { n, mine, deleted } = post;
  return (
    <article
      aria-label={`Post ${n}`}
      className="flex items-start gap-1 rounded-2xl border border-divider bg-surface ps-4"
    >
      <div className="min-w-0 grow py-3 pe-2">
        {deleted ? <Tombstone mine={mine} /> : <Content post={post} answered={answered} />}
        <Details post={post} />
      </div>
      {mine && !deleted && <ActionMenu label={`Actions for post ${n}`} actions={actionsOf(post, onAsk)} />}
    </article>
  );
}

function actionsOf(post: ChannelPost, onAsk: (asked: PostAsk) => void): MenuAction[] {
  const reply = (): void => {
    editPostDraft(post.channel, { replyTo: post });
    composerField()?.focus();
  };
  return [
    { label: "Reply", icon: Reply, onSelect: reply },
    { label: "Edit", icon: Pencil, onSelect: () => onAsk({ kind: "edit", post }) },
    { label: "Delete", icon: Trash2, onSelect: () => onAsk({ kind: "delete", post }) },
  ];
}

function Content({ post, answered }: Pick<PostItemProps, "post" | "answered">): ReactNode {
  const { text, files, replyTo, mine } = post;
  return (
    <>
      {replyTo !== null && (
        <p className="mb-1 border-s-2 border-control ps-3 text-sm text-muted">
          <span className="block">Answers post {replyTo}</span>
          {answered && <bdi className="line-clamp-2 wrap-anywhere">{answered.text || "Deleted post"}</bdi>}
        </p>
      )}
      {text !== "" && (
        <p dir="auto" className="whitespace-pre-wrap wrap-anywhere">
          <MessageText text={text} />
        </p>
      )}
      {files.length > 0 && (
        <div className="my-1.5 flex flex-col gap-2">
          {files.map((file) => (
            <PostFile key={file.url} file={file} mine={mine} />
          ))}
        </div>
      )}
    </>
  );
}

/** Stands where a post was: its number exists, and whoever had read it may have kept it. */
function Tombstone({ mine }: { readonly mine: boolean }): ReactNode {
  return (
    <p className="flex items-center gap-2 text-muted italic">
      <Ban aria-hidden className="size-4 shrink-0" />
      {mine ? "You deleted this post" : "The owner deleted this post"}
    </p>
  );
}

function Details({ post }: { readonly post: ChannelPost }): ReactNode {
  const { at, editedAt, deleted, state } = post;
  return (
    <p className="facts mt-1 text-sm text-muted">
      <time dateTime={at} title={formatMoment(at)}>
        {formatRecent(at)}
      </time>
      {editedAt && !deleted && <span title={formatMoment(editedAt)}>edited</span>}
      {state === "queued" && <span>no relay has it yet</span>}
    </p>
  );
}
