/** Links: what is shared, how much of it is left, and how to take it back. */
import { Copy, Link2, Link2Off, QrCode } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { FileView, LinkMode, LinkView } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keys } from "../api/keys.ts";
import { queryClient, useFiles, useLinks } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button, ButtonLink, IconButton } from "../components/button.tsx";
import { Badge } from "../components/choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { FileChoices } from "../components/files/file-choices.tsx";
import { LinkDialog } from "../components/files/link-dialog.tsx";
import { LinkShare } from "../components/files/link-share.tsx";
import { ActionMenu } from "../components/menu.tsx";
import { Modal, ModalForm } from "../components/modal.tsx";
import { Scene } from "../components/scene.tsx";
import { copyText } from "../lib/clipboard.ts";
import { countOf, formatUntil } from "../lib/format.ts";
import { sharedWords } from "../lib/shared-words.ts";

export function LinksScene(): ReactNode {
  const { data, error, refetch } = useLinks();
  const { data: files } = useFiles();
  const [choosing, setChoosing] = useState(false);
  const [file, setFile] = useState<FileView | null>(null);
  const make =
    files?.length === 0 ? (
      <ButtonLink kind="primary" href="/files">
        Add a file first
      </ButtonLink>
    ) : (
      <Button kind="primary" icon={Link2} onClick={() => setChoosing(true)}>
        Make a link
      </Button>
    );
  return (
    <Scene title="Links" actions={data?.length !== 0 && make}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading your links" />}
      {data?.length === 0 && (
        <Empty icon={Link2} title="No links yet" action={make}>
          A link lets somebody fetch a file or a folder with nothing but a browser. You choose how often, how long, and
          with which password.
        </Empty>
      )}
      {data && data.length > 0 && <LinkList links={data} />}
      <ChooseFile files={files ?? []} open={choosing} onClose={() => setChoosing(false)} onChoose={setFile} />
      {file && <LinkDialog file={file} onClose={() => setFile(null)} />}
    </Scene>
  );
}

type Question = { readonly kind: "share" | "revoke"; readonly link: LinkView };

/** Links that still work come first; ended ones stay until they are taken away, as they tell what was shared. */
function LinkList({ links }: { readonly links: readonly LinkView[] }): ReactNode {
  const [question, setQuestion] = useState<Question | null>(null);
  const close = (): void => setQuestion(null);
  const sorted = links.toSorted(activeAndNewestFirst);
  return (
    <>
      <ul className="border-t border-divider">
        {sorted.map((link) => (
          <li key={link.slug}>
            <LinkRow link={link} onAsk={setQuestion} />
          </li>
        ))}
      </ul>
      {question?.kind === "share" && (
        <Modal title={question.link.file.name} open onClose={close}>
          <LinkShare link={question.link} />
        </Modal>
      )}
      {question?.kind === "revoke" && <RevokeQuestion link={question.link} onClose={close} />}
    </>
  );
}

const MODE_WORDS: Record<LinkMode, string> = {
  "one-time": "One time",
  timed: "For a time",
  persistent: "Until revoked",
};

interface LinkRowProps {
  readonly link: LinkView;
  readonly onAsk: (question: Question) => void;
}

function LinkRow({ link, onAsk }: LinkRowProps): ReactNode {
  const { file, mode, state, hasPassword, url, folder, downloads, sharedWith } = link;
  const revoke = { label: "Revoke", icon: Link2Off, onSelect: () => onAsk({ kind: "revoke", link }) };
  const share = { label: "QR code", icon: QrCode, onSelect: () => onAsk({ kind: "share", link }) };
  return (
    <div className="flex min-h-18 items-center gap-1 border-b border-divider py-2 rail:gap-3">
      <div className="min-w-0 grow">
        <p className="flex items-center gap-2">
          <span className="min-w-0 truncate font-medium">
            <bdi>{file.name}</bdi>
          </span>
          {state !== "active" && <Badge>{state === "used" ? "Used up" : "Expired"}</Badge>}
        </p>
        <p className="facts text-sm text-muted">
          {sharedWith ? (
            <span>
              Sent to <bdi>{sharedWith.name}</bdi>, {sharedWords(sharedWith)}
            </span>
          ) : (
            <span>{MODE_WORDS[mode]}</span>
          )}
          {folder && <span>Folder of {countOf(folder.files, "file")}</span>}
          {hasPassword && <span>Password</span>}
          {downloads > 0 && <span>Opened {downloads === 1 ? "once" : `${downloads} times`}</span>}
          <Remaining link={link} />
        </p>
      </div>
      {state === "active" && (
        <IconButton icon={Copy} label={`Copy link to ${file.name}`} onClick={() => void copyText(url, "Link")} />
      )}
      <ActionMenu
        label={`More for the link to ${file.name}`}
        actions={state === "active" ? [share, revoke] : [revoke]}
      />
    </div>
  );
}

/** Of a link that ended nothing remains to tell. */
function Remaining({ link }: { readonly link: LinkView }): ReactNode {
  if (link.state !== "active") return null;
  return (
    <>
      {link.left !== null && <span>{countOf(link.left, "download")} left</span>}
      {link.expiresAt && <time dateTime={link.expiresAt}>Ends {formatUntil(link.expiresAt)}</time>}
    </>
  );
}

function RevokeQuestion({ link, onClose }: { readonly link: LinkView; readonly onClose: () => void }): ReactNode {
  const { run, busy } = useAction(async () => {
    await call("DELETE", `/links/${link.slug}`);
    await queryClient.invalidateQueries({ queryKey: keys.links });
    onClose();
  });
  return (
    <ModalForm title="Revoke this link?" open onClose={onClose} action="Revoke" busy={busy} onSubmit={() => void run()}>
      <p className="wrap-anywhere">
        <bdi>{link.file.name}</bdi> stays in your files. The link stops working at once and cannot be made to work
        again. Who has downloaded the file keeps it.
      </p>
    </ModalForm>
  );
}

interface ChooseFileProps {
  readonly files: readonly FileView[];
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onChoose: (file: FileView) => void;
}

function ChooseFile({ files, open, onClose, onChoose }: ChooseFileProps): ReactNode {
  const choose = (file: FileView): void => {
    onClose();
    onChoose(file);
  };
  return (
    <Modal title="Which file?" open={open} onClose={onClose}>
      <FileChoices files={files} onChoose={choose} />
    </Modal>
  );
}

function activeAndNewestFirst(a: LinkView, b: LinkView): number {
  const ended = Number(a.state !== "active") - Number(b.state !== "active");
  return ended || b.createdAt.localeCompare(a.createdAt);
}
