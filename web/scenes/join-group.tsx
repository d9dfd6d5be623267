/** Joining a group: its link, pasted or scanned. */
import { type ReactNode, useState } from "react";
import { askToJoin } from "../api/groups.ts";
import { MainDeviceOnly } from "../components/devices/main-device.tsx";
import { Asked } from "../components/groups/asked.tsx";
import { LinkForm } from "../components/link-form.tsx";
import { Scene } from "../components/scene.tsx";
import { MEMBERS_SEE } from "../lib/group-words.ts";

export function JoinGroupScene(): ReactNode {
  const [asked, setAsked] = useState(false);
  const join = async (link: string): Promise<void> => {
    await askToJoin(link);
    setAsked(true);
  };
  return (
    <Scene title="Join a group" back="/chats">
      <MainDeviceOnly what="join groups">
        {asked ? (
          <Asked />
        ) : (
          <LinkForm
            label="Link of the group"
            placeholder="nocturne:group/…"
            hint="You get it from somebody in the group. An admin has to agree before you are in."
            missing="Paste the link of a group, or scan its QR code."
            action="Ask to come in"
            scanTitle="Scan a group"
            onLink={join}
            note={<p className="text-muted">{MEMBERS_SEE}</p>}
          />
        )}
      </MainDeviceOnly>
    </Scene>
  );
}
