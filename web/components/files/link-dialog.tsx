/** Making a link: how often and how long it works, and a password; then the link itself. */
import { Copy } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { CreateLink, LinkMode, LinkView } from "../../../src/api/contract.ts";
import { ApiFailure, call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { copyText } from "../../lib/clipboard.ts";
import { Button } from "../button.tsx";
import { Choice, type Option } from "../choice.tsx";
import { PasswordField, SelectField, TextField } from "../field.tsx";
import { Modal, ModalForm } from "../modal.tsx";
import { LinkShare } from "./link-share.tsx";

const MODES: readonly Option<LinkMode>[] = [
  { value: "one-time", title: "One time", note: "Ends after one complete download; a broken one may resume." },
  { value: "timed", title: "For a time", note: "Ends by itself." },
  { value: "persistent", title: "Until revoked", note: "Works until you take it back." },
];

const EXPIRIES: readonly (readonly [string, string])[] = [
  ["1h", "1 hour"],
  ["24h", "24 hours"],
  ["7d", "7 days"],
  ["30d", "30 days"],
  ["custom", "Other…"],
];

/** A file or a folder; of a folder's files those with a password are left out. */
export interface Shareable {
  readonly id: string;
  readonly name: string;
  readonly hasPassword?: boolean;
}

interface LinkDialogProps {
  readonly file: Shareable;
  readonly onClose: () => void;
}

interface LinkForm {
  readonly mode: LinkMode;
  readonly expires: string;
  readonly days: string;
  readonly downloads: string;
  readonly note: string;
  readonly password: string;
  readonly filePassword: string;
}

const EMPTY: LinkForm = {
  mode: "one-time",
  expires: "24h",
  days: "14",
  downloads: "",
  note: "",
  password: "",
  filePassword: "",
};

/** Begins with the narrowest link: one download, then it is gone. */
export function LinkDialog({ file, onClose }: LinkDialogProps): ReactNode {
  const [form, setForm] = useState(EMPTY);
  const [made, setMade] = useState<LinkView | null>(null);
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (!(error instanceof ApiFailure)) throw error;
    setProblem(error.words);
  };
  const create = useAction(async () => {
    setProblem(undefined);
    setMade(await call<LinkView>("POST", `/files/${file.id}/links`, requestOf(form)));
    await queryClient.invalidateQueries({ queryKey: keys.links });
  }, refused);
  const edit = (change: Partial<LinkForm>): void => setForm({ ...form, ...change });

  if (made) return <MadeDialog link={made} onClose={onClose} />;
  return (
    <ModalForm
      title="Make a link"
      description={
        <span dir="auto" className="wrap-anywhere">
          {file.name}
        </span>
      }
      open
      onClose={onClose}
      action="Make the link"
      busy={create.busy}
      onSubmit={() => void create.run()}
    >
      <Choice
        legend="How long it works"
        name="mode"
        value={form.mode}
        options={MODES}
        onChange={(mode) => edit({ mode })}
      />
      <Bounds form={form} onEdit={edit} />
      <TextField
        label="Note (optional)"
        maxLength={500}
        value={form.note}
        onChange={(event) => edit({ note: event.target.value })}
        hint="Shown to who opens the link. It is sealed like the file's name."
      />
      <Passwords file={file} form={form} problem={problem} onEdit={edit} />
    </ModalForm>
  );
}

interface PartProps {
  readonly form: LinkForm;
  readonly onEdit: (change: Partial<LinkForm>) => void;
}

/** A one-time link is bounded already. */
function Bounds({ form, onEdit }: PartProps): ReactNode {
  if (form.mode === "one-time") return null;
  return (
    <div className="grid gap-5 rail:grid-cols-2">
      {form.mode === "timed" && (
        <SelectField
          label="Ends after"
          value={form.expires}
          onChange={(event) => onEdit({ expires: event.target.value })}
        >
          {EXPIRIES.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </SelectField>
      )}
      {form.mode === "timed" && form.expires === "custom" && (
        <TextField
          label="Days"
          type="number"
          min={1}
          max={3650}
          required
          value={form.days}
          onChange={(event) => onEdit({ days: event.target.value })}
        />
      )}
      <TextField
        label="Downloads (optional)"
        type="number"
        min={1}
        max={1_000_000}
        placeholder="No bound"
        value={form.downloads}
        onChange={(event) => onEdit({ downloads: event.target.value })}
      />
    </div>
  );
}

interface PasswordsProps extends PartProps {
  readonly file: Shareable;
  readonly problem: string | undefined;
}

function Passwords({ file, form, problem, onEdit }: PasswordsProps): ReactNode {
  return (
    <>
      <PasswordField
        label="Link password (optional)"
        autoComplete="new-password"
        value={form.password}
        onChange={(event) => onEdit({ password: event.target.value })}
        hint="Tell it another way than the link."
        error={file.hasPassword ? undefined : problem}
      />
      {file.hasPassword && (
        <PasswordField
          label="Password of this file"
          autoComplete="current-password"
          required
          value={form.filePassword}
          onChange={(event) => onEdit({ filePassword: event.target.value })}
          hint="Needed to give the link its key. Whoever has the link does not need it."
          error={problem}
        />
      )}
    </>
  );
}

/** Fields that do not belong to the mode are left out: the node refuses what contradicts itself. */
function requestOf({ mode, expires, days, downloads, note, password, filePassword }: LinkForm): CreateLink {
  return {
    mode,
    ...(mode === "timed" && { expires: expires === "custom" ? `${days}d` : expires }),
    ...(mode !== "one-time" && downloads !== "" && { downloads: Number(downloads) }),
    ...(note.trim() !== "" && { note }),
    ...(password !== "" && { password }),
    ...(filePassword !== "" && { filePassword }),
  };
}

function MadeDialog({ link, onClose }: { readonly link: LinkView; readonly onClose: () => void }): ReactNode {
  return (
    <Modal title="Your link" open onClose={onClose}>
      <LinkShare link={link} />
      <div className="mt-5 flex flex-wrap justify-end gap-3">
        <Button onClick={onClose}>Done</Button>
        <Button kind="primary" icon={Copy} onClick={() => void copyText(link.url, "Link")}>
          Copy link
        </Button>
      </div>
    </Modal>
  );
}
