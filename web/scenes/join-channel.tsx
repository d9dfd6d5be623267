/** Joining a channel: its link, pasted or scanned. */
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { Channel } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient } from "../api/queries.ts";
import { LinkForm } from "../components/link-form.tsx";
import { Scene } from "../components/scene.tsx";
import { RELAY_SEES } from "../lib/channel-words.ts";

export function JoinChannelScene(): ReactNode {
  const [, navigate] = useLocation();
  const join = async (link: string): Promise<void> => {
    const { id } = await call<Channel>("POST", "/channels/join", { link });
    await queryClient.invalidateQueries({ queryKey: keys.channels });
    navigate(`/channels/${id}`);
  };
  return (
    <Scene title="Join a channel" back="/channels">
      <LinkForm
        label="Link of the channel"
        placeholder="nocturne:channel/…"
        hint="You get it from the owner, or from somebody who reads the channel. It names the relays that your node then asks."
        missing="Paste the link of a channel, or scan its QR code."
        action="Join"
        scanTitle="Scan a channel"
        onLink={join}
        note={
          <p className="text-muted">The owner is not told that you read, and has no list of readers. {RELAY_SEES}</p>
        }
      />
    </Scene>
  );
}
