/** Asks for one link, pasted or scanned; what is wrong with it stands beside the field, in the node's words. */
import { Camera } from "lucide-react";
import { type ReactNode, type SubmitEvent, useState } from "react";
import { ApiFailure } from "../api/client.ts";
import { useAction } from "../api/use-action.ts";
import { showFailure } from "../stores/toasts.ts";
import { Button } from "./button.tsx";
import { TextField } from "./field.tsx";
import { QrScanner } from "./qr-scanner.tsx";

/** Refusals of these answers are about what was typed, and stand beside the field. */
const FIELD_STATUSES = [400, 404, 409, 410, 502];

interface LinkFormProps {
  readonly label: string;
  readonly placeholder: string;
  readonly hint: string;
  /** What is said when nothing was typed. */
  readonly missing: string;
  readonly action: string;
  readonly scanTitle: string;
  readonly onLink: (link: string) => Promise<void>;
  /** Further fields; those that depend on what was typed are told it. */
  readonly children?: ReactNode | ((link: string) => ReactNode);
  /** Below the buttons. */
  readonly note: ReactNode;
}

export function LinkForm(props: LinkFormProps): ReactNode {
  const [link, setLink] = useState("");
  const [scanning, setScanning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && FIELD_STATUSES.includes(error.status)) setProblem(error.words);
    else showFailure(error);
  };
  const use = useAction(async () => {
    setProblem(undefined);
    await props.onLink(link.trim());
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (link.trim() === "") setProblem(props.missing);
    else void use.run();
  };
  const onScanned = (text: string): void => {
    setScanning(false);
    setLink(text.replace(/^nostr:/i, ""));
  };
  return (
    <>
      <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
        <TextField
          label={props.label}
          value={link}
          onChange={(event) => setLink(event.target.value)}
          placeholder={props.placeholder}
          spellCheck={false}
          dir="ltr"
          // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page asks for this one thing
          autoFocus
          error={problem}
          hint={props.hint}
          className="font-mono"
        />
        {typeof props.children === "function" ? props.children(link) : props.children}
        <div className="flex flex-wrap gap-3">
          <Button type="submit" kind="primary" busy={use.busy}>
            {props.action}
          </Button>
          <Button icon={Camera} onClick={() => setScanning(true)}>
            Scan a QR code
          </Button>
        </div>
        {props.note}
      </form>
      <QrScanner title={props.scanTitle} open={scanning} onClose={() => setScanning(false)} onText={onScanned} />
    </>
  );
}
