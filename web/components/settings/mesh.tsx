/** Settings: whether a storage mesh is joined, and where its page is. */
import { Orbit } from "lucide-react";
import type { ReactNode } from "react";
import { useMesh } from "../../api/mesh.ts";
import { leadWords } from "../../lib/mesh-words.ts";
import { ButtonLink } from "../button.tsx";
import { Section } from "../scene.tsx";

export function MeshSection(): ReactNode {
  const { data: mesh } = useMesh();
  return (
    <Section title="Storage mesh" id="mesh">
      <p>Files on machines of other people, sealed and in fragments, so that they outlive this disk.</p>
      {mesh && <p>{leadWords(mesh)}</p>}
      <ButtonLink href="/mesh" icon={Orbit} className="self-start">
        Storage mesh
      </ButtonLink>
    </Section>
  );
}
