/** Files: the encrypted library. Drop files anywhere to add them. */
import { FilePlus2, FolderLock, Search } from "lucide-react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import type { FileView } from "../../src/api/contract.ts";
import { useFiles } from "../api/queries.ts";
import { Button } from "../components/button.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { DropZone } from "../components/files/drop-zone.tsx";
import {
  ChangePasswordDialog,
  DownloadDialog,
  type FileDialogProps,
  RecoverPasswordDialog,
} from "../components/files/file-dialogs.tsx";
import { type FileQuestion, FileRow } from "../components/files/file-row.tsx";
import { LinkDialog } from "../components/files/link-dialog.tsx";
import { UploadDialog } from "../components/files/upload-dialog.tsx";
import { UploadList } from "../components/files/upload-list.tsx";
import { LongList } from "../components/long-list.tsx";
import { Scene } from "../components/scene.tsx";
import { countOf, formatBytes } from "../lib/format.ts";
import { removalsStore } from "../stores/removals.ts";
import { useStore } from "../stores/store.ts";

/** From this many files on, a box to find one by its name is worth its room. */
const SEARCH_FROM = 6;

/** The empty scene has its button in the middle, so the one above is left out. */
export function FilesScene(): ReactNode {
  const { data, error, refetch } = useFiles();
  const [chosen, setChosen] = useState<readonly File[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const choose = (
    <Button kind="primary" icon={FilePlus2} onClick={() => input.current?.click()}>
      Add files
    </Button>
  );
  return (
    <DropZone onFiles={setChosen}>
      <Scene title="Files" actions={data?.length !== 0 && choose}>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label="Files to add"
          onChange={(event) => {
            setChosen([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <UploadList />
        {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton label="Loading your files" />}
        {data?.length === 0 && (
          <Empty icon={FolderLock} title="No files yet" action={choose}>
            Drop files here. Each one is encrypted on this machine before it is stored.
          </Empty>
        )}
        {data && data.length > 0 && <Library files={data} />}
        <UploadDialog files={chosen} onClose={() => setChosen([])} />
      </Scene>
    </DropZone>
  );
}

/** What is about to be deleted is out of sight already. */
function Library({ files }: { readonly files: readonly FileView[] }): ReactNode {
  const [wanted, setWanted] = useState("");
  const [question, setQuestion] = useState<{ kind: FileQuestion; file: FileView } | null>(null);
  const removed = useStore(removalsStore);
  const shown = useMemo(() => {
    const name = wanted.trim().toLowerCase();
    return files.filter((file) => !removed.has(file.id) && file.name.toLowerCase().includes(name));
  }, [files, removed, wanted]);
  const Dialog = question && DIALOGS[question.kind];
  const bytes = shown.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <>
      {files.length >= SEARCH_FROM && <SearchBox value={wanted} onChange={setWanted} />}
      <output className="block border-b border-divider pb-3 text-muted">
        {countOf(shown.length, "file")} · {formatBytes(bytes)} on this machine
      </output>
      <LongList items={shown}>
        {(file) => <FileRow key={file.id} file={file} onAsk={(kind, of) => setQuestion({ kind, file: of })} />}
      </LongList>
      {Dialog && <Dialog file={question.file} onClose={() => setQuestion(null)} />}
    </>
  );
}

const DIALOGS: Record<FileQuestion, (props: FileDialogProps) => ReactNode> = {
  download: DownloadDialog,
  link: LinkDialog,
  "change-password": ChangePasswordDialog,
  "recover-password": RecoverPasswordDialog,
};

function SearchBox({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): ReactNode {
  return (
    <div className="relative mb-4">
      <Search aria-hidden className="pointer-events-none absolute inset-y-0 start-3.5 my-auto size-5 text-muted" />
      <input
        type="search"
        aria-label="Find a file by its name"
        placeholder="Find by name"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="field ps-11"
      />
    </div>
  );
}
