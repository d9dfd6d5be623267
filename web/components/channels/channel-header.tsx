/** Which channel this is, and what can be done with it as a whole. */
import { ArrowLeft, Info, Link2, LogOut, RotateCcw } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Channel } from "../../../src/api/contract.ts";
import { channelName, channelStanding } from "../../lib/channel-words.ts";
import { countOf } from "../../lib/format.ts";
import { IconButton, IconLink } from "../button.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";
import { AboutChannel, FreshStartQuestion, LeaveQuestion, LinkToChannel } from "./channel-dialogs.tsx";
import { ChannelSign } from "./channel-sign.tsx";

type Dialog = "about" | "link" | "fresh-start" | "leave" | null;

export function ChannelHeader({ channel }: { readonly channel: Channel }): ReactNode {
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = (): void => setDialog(null);
  const name = channelName(channel);
  const missing = channel.missing === 0 ? "" : ` · ${countOf(channel.missing, "post")} missing`;
  return (
    <header className="flex min-h-20 items-center gap-1 border-b border-divider px-2 py-2 rail:px-5">
      <IconLink href="/channels" icon={ArrowLeft} label="Back to channels" />
      <div className="flex min-h-14 min-w-0 grow items-center gap-3 px-1">
        <ChannelSign />
        <div className="min-w-0">
          <h1 className="truncate text-lg font-semibold">
            <bdi>{name}</bdi>
          </h1>
          <p className="truncate text-sm text-muted">
            {channelStanding(channel)}
            {missing}
          </p>
        </div>
      </div>
      {channel.state !== "moved" && (
        <IconButton icon={Link2} label="Link to this channel" onClick={() => setDialog("link")} />
      )}
      <ActionMenu label={`Actions for ${name}`} actions={actionsOf(channel, setDialog)} />
      <AboutChannel channel={channel} open={dialog === "about"} onClose={close} />
      {dialog === "link" && <LinkToChannel channel={channel} onClose={close} />}
      {dialog === "fresh-start" && (
        <FreshStartQuestion channel={channel} onClose={close} onDone={() => setDialog("link")} />
      )}
      {dialog === "leave" && <LeaveQuestion channel={channel} onClose={close} />}
    </header>
  );
}

function actionsOf({ mine }: Channel, open: (dialog: Dialog) => void): MenuAction[] {
  const about = { label: "About this channel", icon: Info, onSelect: () => open("about") };
  const afresh = { label: "Start afresh…", icon: RotateCcw, onSelect: () => open("fresh-start") };
  const leave = { label: "Leave…", icon: LogOut, onSelect: () => open("leave") };
  return mine ? [about, afresh, leave] : [about, leave];
}
