/** Asked once for all chosen files: which cipher, whether they get a password of their own, whether a mesh keeps them, too. */
import { type ReactNode, useState } from "react";
import type { CipherSuite } from "../../../src/api/contract.ts";
import { keys } from "../../api/keys.ts";
import { makeFolders } from "../../api/make-folders.ts";
import { useMesh } from "../../api/mesh.ts";
import { queryClient } from "../../api/queries.ts";
import type { Chosen } from "../../lib/chosen-files.ts";
import { countOf, formatBytes } from "../../lib/format.ts";
import { showFailure } from "../../stores/toasts.ts";
import { type UploadOptions, uploadFile } from "../../stores/uploads.ts";
import { Choice, type Option } from "../choice.tsx";
import { PasswordField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";
import { Toggle } from "../toggle.tsx";

const CIPHERS: readonly Option<CipherSuite>[] = [
  { value: "aes-256-gcm", title: "AES-256-GCM", note: "The standard, examined for decades. Right for everything." },
  {
    value: "noctis-256",
    title: "Noctis-256",
    badge: "Experimental, unaudited",
    note: "Made for this project. It runs inside AES-256-GCM, so that its failure alone exposes nothing; it is slower.",
  },
];

export interface UploadDialogProps {
  /** Empty: the dialog is closed. */
  readonly chosen: Chosen;
  /** The id of the folder that they go into; "" at the top. */
  readonly folder: string;
  readonly onClose: () => void;
}

/** The usual case is one Enter: the standard cipher, no password beside the vault's. */
export function UploadDialog({ chosen, folder, onClose }: UploadDialogProps): ReactNode {
  const [cipher, setCipher] = useState<CipherSuite>("aes-256-gcm");
  const [password, setPassword] = useState("");
  const [inMesh, setInMesh] = useState(false);
  const { data: mesh } = useMesh();
  const { files, folders } = chosen;
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const start = (): void => {
    const storage = mesh?.on && inMesh ? "mesh" : "local";
    void upload(chosen, { cipher, password, folder, taken: "version", storage }).catch(showFailure);
    setPassword("");
    onClose();
  };
  return (
    <ModalForm
      title={titleOf(chosen)}
      description={
        <span dir="auto" className="wrap-anywhere">
          {files.length === 1 ? files[0]?.file.name : "Each one is encrypted by itself"} · {formatBytes(bytes)}
        </span>
      }
      open={files.length + folders.length > 0}
      onClose={onClose}
      action="Encrypt and add"
      onSubmit={start}
    >
      <Choice legend="Cipher" name="cipher" value={cipher} options={CIPHERS} onChange={setCipher} />
      <PasswordField
        label="Password (optional)"
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
        hint="Asked for at every download, beside the vault’s own protection. Your recovery key can bring it back."
      />
      {mesh?.on && (
        <Toggle
          label="Keep in the mesh, too"
          note="Sealed, in fragments on machines of other people, so that it outlives this disk."
          checked={inMesh}
          onChange={setInMesh}
        />
      )}
    </ModalForm>
  );
}

/** Folders first, so that each file finds its own. */
async function upload({ files, folders }: Chosen, options: UploadOptions): Promise<void> {
  const ids = await makeFolders(folders, options.folder);
  if (folders.length > 0) await queryClient.invalidateQueries({ queryKey: keys.folders });
  for (const { file, folder } of files)
    void uploadFile(file, { ...options, folder: ids.get(folder) ?? options.folder });
}

function titleOf({ files, folders }: Chosen): string {
  if (folders.length > 0) return `Add ${countOf(folders.length, "folder")} with ${countOf(files.length, "file")}`;
  return files.length === 1 ? "Add a file" : `Add ${countOf(files.length, "file")}`;
}
