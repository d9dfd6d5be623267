/** With whom a file was shared, and the end of that: each conversation and each link by itself. */
import { Link2, Link2Off, Users } from "lucide-react";
import type { ReactNode } from "react";
import type { LinkView } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient, useLinks } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { formatRecent } from "../../lib/format.ts";
import { sharedWords } from "../../lib/shared-words.ts";
import { Button } from "../button.tsx";
import { Modal } from "../modal.tsx";
import type { FileDialogProps } from "./file-dialogs.tsx";

export function SharedDialog({ file, onClose }: FileDialogProps): ReactNode {
  const active = useLinks().data?.filter(({ state }) => state === "active") ?? [];
  const links = active.filter((link) => link.file.id === file.id);
  return (
    <Modal
      title="Shared with"
      description="What is ended cannot be fetched any more. Who has fetched the file keeps it."
      open
      onClose={onClose}
    >
      {links.length === 0 && <p>With nobody now.</p>}
      <ul>
        {links.map((link) => (
          <li key={link.slug}>
            <SharedRow link={link} />
          </li>
        ))}
      </ul>
      {active.some(({ kind }) => kind === "folder") && (
        <p className="mt-2 text-sm text-muted">A link to a folder around it may give it too: see your links.</p>
      )}
    </Modal>
  );
}

function SharedRow({ link }: { readonly link: LinkView }): ReactNode {
  const { slug, sharedWith, createdAt } = link;
  const end = useAction(async () => {
    await call("DELETE", `/links/${slug}`);
    await queryClient.invalidateQueries({ queryKey: keys.links });
  });
  const Icon = sharedWith ? Users : Link2;
  const name = sharedWith?.name ?? "Whoever has the link";
  return (
    <div className="flex min-h-16 items-center gap-3 border-t border-divider py-2">
      <Icon aria-hidden className="size-5 shrink-0 text-muted" />
      <div className="min-w-0 grow">
        <p className="font-medium wrap-anywhere">
          <bdi>{name}</bdi>
        </p>
        <p className="text-sm text-muted">
          <time dateTime={createdAt}>{formatRecent(createdAt)}</time>
          {sharedWith && ` · ${sharedWords(sharedWith)}`}
        </p>
      </div>
      <Button icon={Link2Off} busy={end.busy} onClick={() => void end.run()} aria-label={`End for ${name}`}>
        End
      </Button>
    </div>
  );
}
