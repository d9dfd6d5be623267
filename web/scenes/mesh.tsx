/** The storage mesh: joined or not, its nodes, how safe the files there are, and what this machine does for others. */
import type { ReactNode } from "react";
import type { MeshView } from "../../src/api/contract.ts";
import { useMesh } from "../api/mesh.ts";
import { LoadFailure, Skeleton } from "../components/feedback.tsx";
import { JoinForm } from "../components/mesh/join-form.tsx";
import { JoinSection } from "../components/mesh/join.tsx";
import { KeptFiles } from "../components/mesh/kept-files.tsx";
import { Lead } from "../components/mesh/lead.tsx";
import { LeaveSection } from "../components/mesh/leave.tsx";
import { NodesSection } from "../components/mesh/nodes.tsx";
import { OperatorSection } from "../components/mesh/operator.tsx";
import { VouchersSection } from "../components/mesh/vouchers.tsx";
import { Scene, Section } from "../components/scene.tsx";

export function MeshScene(): ReactNode {
  const { data, error, refetch } = useMesh();
  return (
    <Scene title="Storage mesh" back="/files" wide>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading the storage mesh" />}
      {data && <Sections mesh={data} />}
    </Scene>
  );
}

/** How it is comes first, then what can be done about it. */
function Sections({ mesh }: { readonly mesh: MeshView }): ReactNode {
  if (!mesh.on) {
    return (
      <>
        <Lead mesh={mesh} />
        <JoinSection mesh={mesh} />
      </>
    );
  }
  return (
    <>
      <Lead mesh={mesh} />
      {mesh.state === "up" && <NodesSection mesh={mesh} />}
      <KeptFiles />
      {mesh.own && <OperatorSection own={mesh.own} />}
      <Section title="How you are in it" id="choices">
        <JoinForm key={JSON.stringify([mesh.bootstrap, mesh.lan, mesh.share, mesh.isPrivate])} mesh={mesh} />
      </Section>
      <VouchersSection mesh={mesh} />
      <LeaveSection />
    </>
  );
}
