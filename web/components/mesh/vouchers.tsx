/** Who you are to nodes, and promises of more room than strangers get. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { MeshView } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { addVoucher } from "../../api/mesh.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes, formatDate } from "../../lib/format.ts";
import { shortNode } from "../../lib/mesh-words.ts";
import { notify, showFailure } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { CopyLine } from "../copy-line.tsx";
import { LinesField } from "../field.tsx";
import { Section } from "../scene.tsx";

export function VouchersSection({ mesh: { owner, vouchers } }: { readonly mesh: MeshView }): ReactNode {
  return (
    <Section title="More room" id="vouchers">
      <p>
        Each node takes a little from anybody. Whoever runs one can promise you more: give them this name, and put in
        the voucher that they make of it. The name does not lead to your npub.
      </p>
      <CopyLine text={owner} what="Your name to nodes" whole />
      {vouchers.length > 0 && (
        <ul aria-label="Vouchers">
          {vouchers.map(({ node, bytes, until }) => (
            <li key={node} className="facts border-b border-divider py-2">
              <span className="font-mono">{shortNode(node)}</span>
              <span>{formatBytes(bytes)}</span>
              <span className="text-muted">until {formatDate(until)}</span>
            </li>
          ))}
        </ul>
      )}
      <VoucherForm />
    </Section>
  );
}

function VoucherForm(): ReactNode {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string>();
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && error.status === 400) setWrong(error.words);
    else showFailure(error);
  };
  const add = useAction(async () => {
    const { bytes, node } = await addVoucher(text.trim());
    setText("");
    notify(`Node ${shortNode(node)} keeps ${formatBytes(bytes)} for you`);
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setWrong(text.trim() === "" ? "Paste the voucher." : undefined);
    if (text.trim() !== "") void add.run();
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      <LinesField
        label="Voucher"
        error={wrong}
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" busy={add.busy} className="self-start">
        Put it in
      </Button>
    </form>
  );
}
