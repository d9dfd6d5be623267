/** What opens over a channel: its link, what is known of it, and the two questions that cannot be undone. */
import { Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { Channel } from "../../../src/api/contract.ts";
import { useChannelLink } from "../../api/channels.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { channelName, LINK_OPENS, RELAY_SEES } from "../../lib/channel-words.ts";
import { formatDate } from "../../lib/format.ts";
import { isThisMachine } from "../../lib/text-links.ts";
import { editDraft } from "../../stores/drafts.ts";
import { editPostDraft } from "../../stores/post-drafts.ts";
import { ButtonLink } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { LoadFailure, Notice, Skeleton } from "../feedback.tsx";
import { Modal, ModalForm } from "../modal.tsx";
import { QrCode } from "../qr-code.tsx";

interface DialogProps {
  readonly channel: Channel;
  readonly onClose: () => void;
}

/** The link is a secret: it is shown when it is asked for, and not kept by the page. */
export function LinkToChannel({ channel, onClose }: DialogProps): ReactNode {
  const { data, error, refetch } = useChannelLink(channel.id);
  const onlyHere = channel.relays.every(isThisMachine);
  return (
    <Modal title="Link to this channel" open onClose={onClose}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={2} label="Fetching the link" />}
      {data && (
        <div className="flex flex-col gap-4">
          <CopyLine text={data.link} what="Channel link" />
          <div className="flex justify-center">
            <QrCode text={data.link} label={`Link to ${channelName(channel)}`} />
          </div>
          <p className="text-sm text-muted">{LINK_OPENS}</p>
          {onlyHere && <OnlyHere />}
        </div>
      )}
    </Modal>
  );
}

function OnlyHere(): ReactNode {
  return (
    <Notice
      icon={Unplug}
      title="This works on this machine only"
      actions={<ButtonLink href="/settings/relays">Choose a relay</ButtonLink>}
    >
      The channel is published on this machine’s own relay. A channel that you make after choosing a relay is published
      there too; this one stays where it is.
    </Notice>
  );
}

export function AboutChannel({ channel, open, onClose }: DialogProps & { readonly open: boolean }): ReactNode {
  const { description, relays, mine, joinedAt } = channel;
  return (
    <Modal title="About this channel" open={open} onClose={onClose}>
      <div className="flex flex-col gap-4">
        {description !== "" && (
          <p dir="auto" className="whitespace-pre-wrap wrap-anywhere">
            {description}
          </p>
        )}
        <p className="text-muted">
          {mine ? "You made it" : "You joined it"} on {formatDate(joinedAt)}.{" "}
          {mine ? "Nobody, not even you, has a list of its readers." : "Its owner is not told that you read."}
        </p>
        <div>
          <h3 className="font-medium">Relays</h3>
          <ul className="text-sm text-muted">
            {relays.map((url) => (
              <li key={url} dir="ltr" className="font-mono wrap-anywhere">
                {url}
              </li>
            ))}
          </ul>
        </div>
        <p className="text-sm text-muted">{RELAY_SEES}</p>
        <p className="text-sm text-muted">
          Every post is signed by the owner, also against quantum computers. Channels are experimental, and nobody
          outside has audited them.
        </p>
      </div>
    </Modal>
  );
}

interface FreshStartProps extends DialogProps {
  /** To the new link. */
  readonly onDone: () => void;
}

export function FreshStartQuestion({ channel, onClose, onDone }: FreshStartProps): ReactNode {
  const start = useAction(async () => {
    await call("POST", `/channels/${channel.id}/fresh-start`);
    onDone();
  });
  return (
    <ModalForm
      title="Start afresh?"
      open
      onClose={onClose}
      action="Start afresh"
      busy={start.busy}
      onSubmit={() => void start.run()}
    >
      <p>
        Your next posts are sealed under a new key that only a new link tells. All readers are shed at once; give the
        new link to those who are to stay. The old link ends here, and says so to whoever reads with it.
      </p>
      <p className="text-muted">What was posted until now stays readable for whoever had a link.</p>
    </ModalForm>
  );
}

export function LeaveQuestion({ channel, onClose }: DialogProps): ReactNode {
  const { id, mine } = channel;
  const [, navigate] = useLocation();
  const leave = useAction(async () => {
    await call("DELETE", `/channels/${id}`);
    editDraft(id, { files: [] });
    editPostDraft(id, { text: "", replyTo: null });
    navigate("/channels");
    await queryClient.invalidateQueries({ queryKey: keys.channels });
    queryClient.removeQueries({ queryKey: keys.postsOf(id) });
  });
  return (
    <ModalForm
      title={mine ? "Give up your channel?" : "Leave this channel?"}
      open
      onClose={onClose}
      action={mine ? "Give it up" : "Leave"}
      busy={leave.busy}
      onSubmit={() => void leave.run()}
    >
      {mine ? (
        <p>
          The only key of this channel is deleted with it: nobody, you neither, can post in it ever again. Readers are
          not told and keep what they have. Links of attached files go on until you revoke them under Links.
        </p>
      ) : (
        <p>
          The channel and its posts are deleted from this machine. Nobody is told. With its link you can join again.
        </p>
      )}
    </ModalForm>
  );
}
