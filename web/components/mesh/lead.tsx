/** How it is, in one sentence, with what waits and what to do about it. */
import { Orbit } from "lucide-react";
import type { ReactNode } from "react";
import type { MeshView } from "../../../src/api/contract.ts";
import { countOf, formatBytes, formatRecent } from "../../lib/format.ts";
import { leadWords } from "../../lib/mesh-words.ts";
import { ButtonLink } from "../button.tsx";
import { Problem } from "../network/problem.tsx";

export function Lead({ mesh }: { readonly mesh: MeshView }): ReactNode {
  const { on, problem, kept, isPrivate } = mesh;
  return (
    <section aria-labelledby="lead-heading" className="flex flex-col gap-4 pb-8">
      <h2 id="lead-heading" className="flex items-center gap-2 text-sm font-medium text-muted">
        <Orbit aria-hidden className="size-4" />
        {isPrivate && on ? "The storage mesh now, a private one" : "The storage mesh now"}
      </h2>
      <output className="max-w-3xl text-xl font-semibold tracking-tight">{leadWords(mesh)}</output>
      {on && <KeptFacts mesh={mesh} />}
      {problem && <Problem message={problem.message} hint={problem.hint ?? ""} />}
      {problem?.code === "mesh_needs_direct" && (
        <ButtonLink href="/network" className="self-start">
          Network and Tor
        </ButtonLink>
      )}
      {kept.problem && kept.problem.code !== problem?.code && (
        <Problem message={kept.problem.message} hint={kept.problem.hint ?? ""} />
      )}
    </section>
  );
}

function KeptFacts({ mesh: { kept, account } }: { readonly mesh: MeshView }): ReactNode {
  const { files, bytes, waiting, due, unreadable } = kept;
  return (
    <div className="flex flex-col gap-1">
      <p className="facts">
        <span>
          {files === 0 ? "Nothing is kept there yet" : `${countOf(files, "file")} kept, ${formatBytes(bytes)}`}
        </span>
        {waiting > 0 && <span>{waiting} on the way</span>}
        {due > 0 && <span>{countOf(due, "part is", "parts are")} being repaired</span>}
        {unreadable > 0 && <span>{countOf(unreadable, "part", "parts")} cannot be read now</span>}
      </p>
      <p className="text-sm text-muted">{accountWords(account)}</p>
    </div>
  );
}

function accountWords({ copiedAt, bytes, isCurrent, problem }: MeshView["account"]): string {
  if (problem) return `Your account’s copy in the mesh waits: ${problem.message}`;
  if (copiedAt === null) return "Your account has no copy in the mesh yet; one is made by itself.";
  const of = `Your account’s copy there, which your recovery key finds, is of ${formatRecent(copiedAt)}, ${formatBytes(bytes)}`;
  return isCurrent ? `${of}.` : `${of}; a newer one is on its way.`;
}
