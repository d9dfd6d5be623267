/** Leaving the mesh, after a question: what lies there alone is brought back first, and nodes are told to drop the rest. */
import { LogOut } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { FileView, MeshView } from "../../../src/api/contract.ts";
import { call, ApiFailure } from "../../api/client.ts";
import { leaveMesh, useMesh } from "../../api/mesh.ts";
import { useFiles } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { countOf, formatBytes } from "../../lib/format.ts";
import { meshFiles } from "../../lib/mesh-words.ts";
import { notify, showFailure } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { ProgressBar } from "../files/progress-bar.tsx";
import { ModalForm } from "../modal.tsx";
import { Problem } from "../network/problem.tsx";
import { Section } from "../scene.tsx";

export function LeaveSection(): ReactNode {
  const [asking, setAsking] = useState(false);
  return (
    <Section title="Leave" id="leave">
      <div className="flex flex-col items-start gap-3">
        <p>Gives up what you keep in the mesh. Your files stay on this machine.</p>
        <Button icon={LogOut} onClick={() => setAsking(true)}>
          Leave the mesh…
        </Button>
      </div>
      {asking && <LeaveQuestion onClose={() => setAsking(false)} />}
    </Section>
  );
}

/** How far it is: files that were brought back of those that had to be, then nodes that are being told. */
type Step = { readonly brought: number; readonly of: number } | "telling" | null;

function LeaveQuestion({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { data: files = [] } = useFiles();
  const { data: mesh } = useMesh();
  const [step, setStep] = useState<Step>(null);
  const [problem, setProblem] = useState<ApiFailure>();
  const kept = meshFiles(files, false);
  const alone = kept.filter((file) => !file.mesh.here);
  const refused = (error: unknown): void => {
    if (error instanceof ApiFailure && error.status !== 401 && error.status !== 423) setProblem(error);
    else showFailure(error);
    setStep(null);
  };
  const leave = useAction(async () => {
    setProblem(undefined);
    for (const [brought, { id }] of alone.entries()) {
      setStep({ brought, of: alone.length });
      await call("POST", `/files/${id}/local`);
    }
    setStep("telling");
    await leaveMesh();
    notify("You left the mesh");
    onClose();
  }, refused);
  return (
    <ModalForm
      title="Leave the mesh?"
      open
      onClose={onClose}
      action={alone.length > 0 ? "Bring back and leave" : "Leave the mesh"}
      busy={leave.busy}
      onSubmit={() => void leave.run()}
    >
      <Consequences kept={kept.length} alone={alone} shares={mesh?.share !== null} />
      {step !== null && <Progress step={step} leaving={mesh?.kept.leaving ?? 0} />}
      {problem && <Problem message={problem.message} hint={problem.hint ?? ""} />}
    </ModalForm>
  );
}

interface ConsequencesProps {
  readonly kept: number;
  readonly alone: readonly FileView[];
  readonly shares: boolean;
}

function Consequences({ kept, alone, shares }: ConsequencesProps): ReactNode {
  const bytes = alone.reduce((sum, file) => sum + file.bytes, 0);
  return (
    <ul className="flex list-disc flex-col gap-2 ps-5">
      {alone.length > 0 && (
        <li>
          {countOf(alone.length, "file lies", "files lie")} in the mesh and nowhere else: {formatBytes(bytes)} are
          brought back to this disk first.
        </li>
      )}
      <li>
        {kept === 0
          ? "You keep no file there."
          : `${countOf(kept, "file is", "files are")} on this machine alone then.`}{" "}
        Your account’s copy there is given up, too: your recovery key finds nothing in the mesh any more.
      </li>
      {shares && <li>This machine is no node any more. What it keeps for others, others have to replace.</li>}
      <li>It can be undone by joining again: everything is then stored anew.</li>
    </ul>
  );
}

function Progress({
  step,
  leaving,
}: {
  readonly step: NonNullable<Step>;
  readonly leaving: MeshView["kept"]["leaving"];
}): ReactNode {
  const [most, setMost] = useState(leaving);
  if (leaving > most) setMost(leaving);
  const isTelling = step === "telling";
  const words = isTelling
    ? `Nodes are told to drop what you kept there${leaving > 0 ? `, ${leaving} to go` : ""}`
    : `Bringing back ${step.brought + 1} of ${step.of}`;
  const percent = isTelling ? (most === 0 ? 0 : (100 * (most - leaving)) / most) : (100 * step.brought) / step.of;
  return (
    <div>
      <output>{words}</output>
      <ProgressBar percent={percent} label={isTelling ? "Leaving" : "Bringing back"} />
    </div>
  );
}
