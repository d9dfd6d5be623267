/** Files: the encrypted library. Drop files anywhere to add them. */
import { FilePlus2, FolderLock, FolderPlus, FolderUp, LayoutGrid, List, Orbit, Search, Trash2 } from "lucide-react";
import {
  type ChangeEvent,
  type ReactNode,
  type RefCallback,
  type RefObject,
  useDeferredValue,
  useRef,
  useState,
} from "react";
import type { FileView, FolderListing, FolderView } from "../../src/api/contract.ts";
import { useMesh } from "../api/mesh.ts";
import { useFolder, useFoundFiles } from "../api/queries.ts";
import { Button, IconButton, IconLink } from "../components/button.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Breadcrumbs } from "../components/files/breadcrumbs.tsx";
import { DropZone } from "../components/files/drop-zone.tsx";
import {
  ChangePasswordDialog,
  DownloadDialog,
  type FileDialogProps,
  RecoverPasswordDialog,
} from "../components/files/file-dialogs.tsx";
import type { FileQuestion } from "../components/files/file-actions.ts";
import { FileCard, FolderCard } from "../components/files/file-card.tsx";
import { FileRow } from "../components/files/file-row.tsx";
import { FolderRow } from "../components/files/folder-row.tsx";
import { LinkDialog } from "../components/files/link-dialog.tsx";
import type { Movable } from "../components/files/moving.ts";
import { MoveDialog, NewFolderDialog } from "../components/files/place-dialogs.tsx";
import { Preview } from "../components/files/preview.tsx";
import { SpaceLine } from "../components/files/space-line.tsx";
import { refuseChosen } from "../components/files/refuse-chosen.ts";
import { SendDialog } from "../components/files/send-dialog.tsx";
import { SharedDialog } from "../components/files/shared-dialog.tsx";
import { UploadDialog } from "../components/files/upload-dialog.tsx";
import { UploadList } from "../components/files/upload-list.tsx";
import { VersionsDialog } from "../components/files/versions-dialog.tsx";
import { LongGrid } from "../components/long-grid.tsx";
import { LongList } from "../components/long-list.tsx";
import { Scene } from "../components/scene.tsx";
import { type Chosen, chosenFiles, NOTHING_CHOSEN } from "../lib/chosen-files.ts";
import { countOf, formatBytes } from "../lib/format.ts";
import { preferencesStore, setPreferences } from "../stores/preferences.ts";
import { removalsStore } from "../stores/removals.ts";
import { useStore } from "../stores/store.ts";

/** From this many files on, or from the first folder, a box to find one by its name is worth its room. */
const SEARCH_FROM = 6;

/** `folder` is an id; "" is the top. The empty scene has its button in the middle, so the one above is left out. */
export function FilesScene({ folder }: { readonly folder: string }): ReactNode {
  const { data, error, refetch } = useFolder(folder);
  const [chosen, setChosen] = useState<Chosen>(NOTHING_CHOSEN);
  const [naming, setNaming] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const tree = useRef<HTMLInputElement>(null);
  const isEmpty = data?.files.length === 0 && data.folders.length === 0;
  const choose = (
    <Button kind="primary" icon={FilePlus2} onClick={() => input.current?.click()}>
      Add files
    </Button>
  );
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    try {
      setChosen(chosenFiles(event.target.files ?? []));
    } catch (error) {
      refuseChosen(error);
    }
    event.target.value = "";
  };
  const actions = (
    <Actions main={!isEmpty && choose} onNewFolder={() => setNaming(true)} onAddFolder={() => tree.current?.click()} />
  );
  return (
    <DropZone onFiles={setChosen}>
      <Scene title="Files" actions={actions}>
        <input ref={input} type="file" multiple hidden aria-label="Files to add" onChange={take} />
        <input ref={asFolderInput(tree)} type="file" hidden aria-label="Folder to add" onChange={take} />
        <UploadList />
        {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Skeleton label="Loading your files" />}
        {data && <Breadcrumbs crumbs={data.crumbs} />}
        {isEmpty && (
          <Empty
            icon={FolderLock}
            title={folder === "" ? "No files yet" : "Nothing in this folder yet"}
            action={choose}
          >
            Drop files or folders here. Each file is encrypted on this machine before it is stored.
          </Empty>
        )}
        {data && !isEmpty && <Library listing={data} />}
        <UploadDialog chosen={chosen} folder={folder} onClose={() => setChosen(NOTHING_CHOSEN)} />
        {naming && <NewFolderDialog inside={folder} onClose={() => setNaming(false)} />}
      </Scene>
    </DropZone>
  );
}

/** React knows no `webkitdirectory`. */
function asFolderInput(ref: RefObject<HTMLInputElement | null>): RefCallback<HTMLInputElement> {
  return (input) => {
    ref.current = input;
    if (input) input.webkitdirectory = true;
  };
}

interface ActionsProps {
  readonly main: ReactNode;
  readonly onNewFolder: () => void;
  readonly onAddFolder: () => void;
}

function Actions({ main, onNewFolder, onAddFolder }: ActionsProps): ReactNode {
  return (
    <>
      <IconLink href="/mesh" icon={Orbit} label="Storage mesh" />
      <IconLink href="/files/trash" icon={Trash2} label="Trash" />
      <IconButton icon={FolderPlus} label="New folder" onClick={onNewFolder} />
      <IconButton icon={FolderUp} label="Add a whole folder" onClick={onAddFolder} />
      {main}
    </>
  );
}

type Entry =
  | { readonly kind: "folder"; readonly id: string; readonly folder: FolderView }
  | { readonly kind: "file"; readonly id: string; readonly file: FileView };

/** Folders first. What is about to be deleted is out of sight already. */
function Library({ listing }: { readonly listing: FolderListing }): ReactNode {
  const [wanted, setWanted] = useState("");
  const [question, setQuestion] = useState<{ kind: FileQuestion; file: FileView } | null>(null);
  const [moving, setMoving] = useState<Movable | null>(null);
  const [preview, setPreview] = useState<FileView | null>(null);
  const { filesView } = useStore(preferencesStore);
  const removed = useStore(removalsStore);
  const { data: mesh } = useMesh();
  const words = useDeferredValue(wanted.trim());
  const found = useFoundFiles(words).data;
  const isSearch = words !== "" && found !== undefined;
  const { folders, files } = isSearch ? found : listing;
  const shown: Entry[] = [
    ...folders.map((folder) => ({ kind: "folder" as const, id: folder.id, folder })),
    ...files.map((file) => ({ kind: "file" as const, id: file.id, file })),
  ].filter(({ id }) => !removed.has(id));
  const inSight = shown.flatMap((entry) => (entry.kind === "file" ? [entry.file] : []));
  const hasFolders = listing.folders.length + listing.crumbs.length > 0;
  const Dialog = question && DIALOGS[question.kind];
  const sizeOf = (some: readonly FileView[]): number =>
    some.reduce((sum, file) => sum + file.bytes + file.versionBytes, 0);
  const away = inSight.filter((file) => file.mesh?.here === false);
  const acts = {
    whole: isSearch,
    onShow: setPreview,
    onAsk: (kind: FileQuestion, file: FileView) => setQuestion({ kind, file }),
    onMove: setMoving,
    isInMesh: mesh?.on ?? false,
  };
  return (
    <>
      {(hasFolders || listing.files.length >= SEARCH_FROM) && <SearchBox value={wanted} onChange={setWanted} />}
      <div className="flex items-center gap-2 border-b border-divider">
        <output className="grow text-muted">
          {countOf(inSight.length, "file")} · {formatBytes(sizeOf(inSight) - sizeOf(away))} on this machine
          {away.length > 0 && ` · ${formatBytes(sizeOf(away))} in the mesh only`}
          {isSearch && found.more && " · there are more, add a word"}
        </output>
        <ViewSwitch view={filesView} />
      </div>
      <SpaceLine />
      {filesView === "grid" ? (
        <LongGrid items={shown} label="Folders and files">
          {(entry) =>
            entry.kind === "folder" ? (
              <FolderCard key={entry.id} folder={entry.folder} onMove={setMoving} />
            ) : (
              <FileCard key={entry.id} file={entry.file} {...acts} />
            )
          }
        </LongGrid>
      ) : (
        <LongList items={shown}>
          {(entry) =>
            entry.kind === "folder" ? (
              <FolderRow key={entry.id} folder={entry.folder} onMove={setMoving} />
            ) : (
              <FileRow key={entry.id} file={entry.file} {...acts} />
            )
          }
        </LongList>
      )}
      {preview && <Preview files={inSight} first={preview} onClose={() => setPreview(null)} />}
      {Dialog && <Dialog file={question.file} onClose={() => setQuestion(null)} />}
      {moving && <MoveDialog thing={moving} onClose={() => setMoving(null)} />}
    </>
  );
}

/** The other view than the one that is shown; the choice is kept in this browser. */
function ViewSwitch({ view }: { readonly view: "list" | "grid" }): ReactNode {
  return view === "list" ? (
    <IconButton icon={LayoutGrid} label="Show as a grid" onClick={() => setPreferences({ filesView: "grid" })} />
  ) : (
    <IconButton icon={List} label="Show as a list" onClick={() => setPreferences({ filesView: "list" })} />
  );
}

const DIALOGS: Record<FileQuestion, (props: FileDialogProps) => ReactNode> = {
  download: DownloadDialog,
  link: LinkDialog,
  send: SendDialog,
  shared: SharedDialog,
  versions: VersionsDialog,
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
