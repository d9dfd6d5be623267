/** Changing a post of one's own, and taking it back. */
import { type ReactNode, useState } from "react";
import type { ChannelPost } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { Field } from "../field.tsx";
import { ModalForm } from "../modal.tsx";

interface PostQuestionProps {
  readonly post: ChannelPost;
  readonly onClose: () => void;
}

export function EditQuestion({ post, onClose }: PostQuestionProps): ReactNode {
  const [text, setText] = useState(post.text);
  const save = useAction(async () => {
    if (text.trim() !== post.text) await call("PUT", pathOf(post), { text: text.trim() });
    await queryClient.invalidateQueries({ queryKey: keys.postsOf(post.channel) });
    onClose();
  });
  return (
    <ModalForm
      title="Edit the post"
      open
      onClose={onClose}
      action="Save"
      busy={save.busy}
      onSubmit={() => void save.run()}
    >
      <Field label="New text" hint="Who has read the old text may have kept it.">
        {(control) => (
          <textarea
            {...control}
            dir="auto"
            rows={5}
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="field resize-none"
          />
        )}
      </Field>
    </ModalForm>
  );
}

export function DeleteQuestion({ post, onClose }: PostQuestionProps): ReactNode {
  const remove = useAction(async () => {
    await call("DELETE", pathOf(post));
    await queryClient.invalidateQueries({ queryKey: keys.postsOf(post.channel) });
    onClose();
  });
  return (
    <ModalForm
      title="Delete this post?"
      open
      onClose={onClose}
      action="Delete"
      busy={remove.busy}
      onSubmit={() => void remove.run()}
    >
      <p>
        Nocturne shows it no longer, here and at its readers, and links of its files end. It is a request: relays keep
        its sealed bytes, and who has read it may have kept the words.
      </p>
    </ModalForm>
  );
}

function pathOf({ channel, n }: ChannelPost): string {
  return `/channels/${channel}/posts/${n}`;
}
