/** How a file is kept in the mesh, in the few words of its row. */
import { CircleAlert, Orbit } from "lucide-react";
import type { ReactNode } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { needsAttention, signWords } from "../../lib/mesh-words.ts";
import { takenOutId } from "../../stores/mesh-files.ts";
import { removalsStore } from "../../stores/removals.ts";
import { useStore } from "../../stores/store.ts";

/** Nothing for a file that is on this machine alone, or soon will be. */
export function MeshSign({ file }: { readonly file: FileView }): ReactNode {
  const removed = useStore(removalsStore);
  const { mesh } = file;
  if (mesh === null || removed.has(takenOutId(file))) return null;
  const Icon = needsAttention(mesh) ? CircleAlert : Orbit;
  return (
    <span title={mesh.problem ?? undefined}>
      <Icon aria-hidden className="me-1 inline size-3.5 align-[-0.125em]" />
      {signWords(mesh)}
    </span>
  );
}
