/** Attaching: a file of the library, or one of this computer, which is put into the library first. */
import { FilePlus2, FolderLock, Paperclip } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { useFiles } from "../../api/queries.ts";
import { attachFromDisk } from "../../stores/attachments.ts";
import { WHO_OPENS_WORDS } from "../../lib/shared-words.ts";
import { draftOf, editDraft } from "../../stores/drafts.ts";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { FileChoices } from "../files/file-choices.tsx";
import { ActionMenu } from "../menu.tsx";
import { Modal } from "../modal.tsx";

/** Two ways, one result: a library file in the draft. */
export function AttachMenu({ who }: { readonly who: string }): ReactNode {
  const [choosing, setChoosing] = useState(false);
  const disk = useRef<HTMLInputElement>(null);
  const attach = (file: FileView): void => {
    const { files } = draftOf(who);
    if (!files.some(({ id }) => id === file.id)) editDraft(who, { files: [...files, file] });
    setChoosing(false);
  };
  return (
    <>
      <ActionMenu
        label="Attach a file"
        icon={Paperclip}
        actions={[
          { label: "From this computer", icon: FilePlus2, onSelect: () => disk.current?.click() },
          { label: "From your files", icon: FolderLock, onSelect: () => setChoosing(true) },
        ]}
      />
      <input
        ref={disk}
        type="file"
        multiple
        hidden
        aria-label="Files to attach"
        onChange={(event) => {
          void attachFromDisk(who, [...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <Modal
        title="Attach a file"
        description={`${WHO_OPENS_WORDS} Its bytes stay on this machine until they are fetched. How much is fetched, and when, can be seen on the way.`}
        open={choosing}
        onClose={() => setChoosing(false)}
      >
        {choosing && <LibraryList onChoose={attach} />}
      </Modal>
    </>
  );
}

/**
 * Files with a password of their own are left out: the link would need that password, and nobody is asked for it
 * here.
 */
function LibraryList({ onChoose }: { readonly onChoose: (file: FileView) => void }): ReactNode {
  const { data, error, refetch } = useFiles();
  if (error) return <LoadFailure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton rows={3} label="Loading your files" />;
  const sendable = data.filter((file) => !file.hasPassword);
  if (sendable.length === 0) return <p>There is no file yet that can be attached. Attach one from this computer.</p>;
  return <FileChoices files={sendable} onChoose={onChoose} />;
}
