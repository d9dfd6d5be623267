/** The join link of a group: made, shown, replaced and ended by its admins. */
import { Copy, Link2, Link2Off, RefreshCw, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import type { Group } from "../../../src/api/contract.ts";
import { changeGroup } from "../../api/groups.ts";
import { useAction } from "../../api/use-action.ts";
import { copyText } from "../../lib/clipboard.ts";
import { notify } from "../../stores/toasts.ts";
import { Button, ButtonLink } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { Notice } from "../feedback.tsx";
import { QrCode } from "../qr-code.tsx";
import { useOnlyHere } from "../shell/reach-notice.tsx";

/** Each admin has a link of their own: applications go to whoever made it. */
export function GroupLink({ group }: { readonly group: Group }): ReactNode {
  const { id, name, link } = group;
  const make = useAction(async () => {
    await changeGroup(id, "POST", "/link");
    if (link !== null) notify("New link made", "The one before it works no longer.");
  });
  const end = useAction(async () => {
    await changeGroup(id, "DELETE", "/link");
    notify("Link removed", "Nobody can ask by it any more. Whoever is in stays in.");
  });
  if (link === null) {
    return (
      <>
        <p className="text-muted">
          With a link also people who are no contacts of yours can ask to come in. You decide about each.
        </p>
        <div>
          <Button icon={Link2} busy={make.busy} onClick={() => void make.run()}>
            Make a join link
          </Button>
        </div>
      </>
    );
  }
  return (
    <>
      <QrCode text={link} label={`join link of ${name}`} />
      <CopyLine text={link} what="Join link" />
      <p className="text-muted">
        Whoever has it can ask to come in, also if it was passed on; you decide about each. It names the group and you.
      </p>
      <OnlyHere />
      <div className="flex flex-wrap gap-3">
        <Button icon={Copy} onClick={() => void copyText(link, "Join link")}>
          Copy link
        </Button>
        <Button icon={RefreshCw} busy={make.busy} onClick={() => void make.run()}>
          New link
        </Button>
        <Button icon={Link2Off} busy={end.busy} onClick={() => void end.run()}>
          Remove link
        </Button>
      </div>
    </>
  );
}

function OnlyHere(): ReactNode {
  if (!useOnlyHere()) return null;
  return (
    <Notice
      icon={Unplug}
      title="This works on this machine only"
      actions={<ButtonLink href="/settings/relays">Choose a relay</ButtonLink>}
    >
      People elsewhere cannot use the link before you choose a relay.
    </Notice>
  );
}
