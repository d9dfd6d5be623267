/** Channels: those of one's own and those one reads, and the ways to more of them. */
import { Megaphone, Plus, QrCode } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { Channel, ChannelPost } from "../../src/api/contract.ts";
import { useChannels } from "../api/channels.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { ChannelSign } from "../components/channels/channel-sign.tsx";
import { CreateChannel } from "../components/channels/create-channel.tsx";
import { Badge } from "../components/choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene } from "../components/scene.tsx";
import { channelName, channelStanding, RELAY_SEES } from "../lib/channel-words.ts";
import { formatRecent } from "../lib/format.ts";

export function ChannelsScene(): ReactNode {
  const { data, error, refetch } = useChannels();
  const [making, setMaking] = useState(false);
  const ways = (
    <div className="flex flex-wrap justify-center gap-3">
      <ButtonLink href="/join" icon={QrCode}>
        Join
      </ButtonLink>
      <Button kind="primary" icon={Plus} onClick={() => setMaking(true)}>
        Make a channel
      </Button>
    </div>
  );
  return (
    <Scene title="Channels" actions={data?.length !== 0 && ways}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading your channels" />}
      {data?.length === 0 && (
        <Empty icon={Megaphone} title="No channels yet" action={ways}>
          In a channel one person posts and whoever has the link reads. {RELAY_SEES} Channels are experimental, and
          nobody outside has audited them.
        </Empty>
      )}
      {data && data.length > 0 && <ChannelList channels={data} />}
      {making && <CreateChannel onClose={() => setMaking(false)} />}
    </Scene>
  );
}

function ChannelList({ channels }: { readonly channels: readonly Channel[] }): ReactNode {
  return (
    <ul className="border-t border-divider">
      {channels.toSorted(newestFirst).map((channel) => (
        <li key={channel.id}>
          <ChannelRow channel={channel} />
        </li>
      ))}
    </ul>
  );
}

function ChannelRow({ channel }: { readonly channel: Channel }): ReactNode {
  const { id, mine, last, state, forked } = channel;
  const calm = state === "open" && !forked;
  return (
    <Link
      href={`/channels/${id}`}
      className="ring-inside flex min-h-18 items-center gap-3 border-b border-divider px-1 py-2 transition-colors hover:bg-surface"
    >
      <ChannelSign />
      <span className="min-w-0 grow">
        <span className="flex items-baseline gap-2">
          <span className="truncate font-medium">
            <bdi>{channelName(channel)}</bdi>
          </span>
          {mine && <Badge>Yours</Badge>}
          {last && (
            <time dateTime={last.at} className="ms-auto shrink-0 text-sm text-muted">
              {formatRecent(last.at)}
            </time>
          )}
        </span>
        <span className="block truncate text-muted">
          <bdi>{calm ? lastWords(last) : channelStanding(channel)}</bdi>
        </span>
      </span>
    </Link>
  );
}

function lastWords(last: ChannelPost | null): string {
  if (!last) return "No posts yet";
  if (last.deleted) return "Deleted post";
  return last.text || last.files.map(({ name }) => name).join(", ");
}

function newestFirst(a: Channel, b: Channel): number {
  return (b.last?.at ?? b.joinedAt).localeCompare(a.last?.at ?? a.joinedAt);
}
