/** One channel: its header, its posts and gaps, and for its owner the field to post. */
import { CircleAlert, MegaphoneOff, Hourglass } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Channel } from "../../src/api/contract.ts";
import { useChannels } from "../api/channels.ts";
import { ButtonLink } from "../components/button.tsx";
import { ChannelHeader } from "../components/channels/channel-header.tsx";
import { PostComposer } from "../components/channels/post-composer.tsx";
import { PostList } from "../components/channels/post-list.tsx";
import { Empty, LoadFailure, Notice, Skeleton } from "../components/feedback.tsx";
import { Scene, useTitle } from "../components/scene.tsx";
import { channelName } from "../lib/channel-words.ts";

export function ChannelScene({ id }: { readonly id: string }): ReactNode {
  const { data, error, refetch } = useChannels();
  const channel = data?.find((one) => one.id === id);
  useTitle(channel ? channelName(channel) : "Channel");
  if (channel) return <Room channel={channel} />;
  if (error) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton label="Loading the channel" />;
  return (
    <Scene title="Channel" back="/channels">
      <Empty
        icon={MegaphoneOff}
        title="No such channel"
        action={<ButtonLink href="/channels">All channels</ButtonLink>}
      >
        This channel is not among yours, or you left it.
      </Empty>
    </Scene>
  );
}

function Room({ channel }: { readonly channel: Channel }): ReactNode {
  return (
    <div className="flex h-full min-w-0 flex-col">
      <ChannelHeader channel={channel} />
      <Standing channel={channel} />
      <PostList channel={channel} />
      {channel.mine && <PostComposer channel={channel} />}
      <Announcer channel={channel} />
    </div>
  );
}

/** What a reader must know before he believes, or waits in vain. */
function Standing({ channel }: { readonly channel: Channel }): ReactNode {
  const { state, forked, mine } = channel;
  if (!forked && state === "open") return null;
  return (
    <div className="mx-auto flex w-full max-w-3xl flex-col gap-3 px-4 pt-4 rail:px-6">
      {forked && (
        <Notice icon={CircleAlert} title="Its posts contradict each other">
          Two different posts carry the same number. {mine ? "Your" : "The owner’s"} key is used in two places, or{" "}
          {mine ? "an old backup was restored" : "the owner shows different people different things"}. The first one
          that came is shown.
        </Notice>
      )}
      {state === "waiting" && (
        <Notice icon={Hourglass} title="Waiting for its first word">
          No relay of this link has told anything yet. It comes by itself once one does.
        </Notice>
      )}
      {state === "moved" && (
        <Notice
          icon={MegaphoneOff}
          title="The owner started afresh"
          actions={<ButtonLink href="/join">I have the new link</ButtonLink>}
        >
          Your link ends here. What comes now is read with a new link only: ask the owner for it.
        </Notice>
      )}
    </div>
  );
}

/** Reads new posts out to screen readers; the list itself is not live, as scrolling would read it all. */
function Announcer({ channel }: { readonly channel: Channel }): ReactNode {
  const { last, mine } = channel;
  const [first] = useState(last?.n ?? 0);
  const isNew = last && !mine && last.n > first && !last.deleted;
  return (
    <p aria-live="polite" className="sr-only">
      {isNew ? last.text : ""}
    </p>
  );
}
