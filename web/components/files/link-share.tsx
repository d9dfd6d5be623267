/** A link to hand on: the address, its QR code, and honest words about who can open it. */
import { Folder, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import type { LinkedFolder, LinkView } from "../../../src/api/contract.ts";
import { countOf } from "../../lib/format.ts";
import { isThisMachine } from "../../lib/text-links.ts";
import { CopyLine } from "../copy-line.tsx";
import { Notice } from "../feedback.tsx";
import { QrCode } from "../qr-code.tsx";

export function LinkShare({ link }: { readonly link: LinkView }): ReactNode {
  return (
    <div className="flex flex-col gap-4">
      <CopyLine text={link.url} what="Link" />
      <div className="flex justify-center">
        <QrCode text={link.url} label={`Link to ${link.file.name}`} />
      </div>
      {link.folder && <FolderFacts folder={link.folder} />}
      <p className="text-sm text-muted">
        The part after # is the key. It never leaves the browser that opens the link, and this machine does not need it
        to serve the file.
      </p>
      {isThisMachine(link.url) && (
        <Notice icon={Unplug} title="Opens on this machine only">
          The address is that of this machine itself. For people elsewhere, make it reachable first, for example through
          your own web address.
        </Notice>
      )}
    </div>
  );
}

function FolderFacts({ folder: { files, leftOut, missing } }: { readonly folder: LinkedFolder }): ReactNode {
  return (
    <Notice icon={Folder} title={`Gives ${countOf(files - missing, "file")}, as when the link was made`}>
      Who opens it gets them as one zip, or one by one. What you add or change later is not in it; what you delete is no
      longer given.
      {missing > 0 && ` Deleted since: ${missing}.`}
      {leftOut > 0 && ` Left out, because they have passwords of their own: ${leftOut}.`}
    </Notice>
  );
}
