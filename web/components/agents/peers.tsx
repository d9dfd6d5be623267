/** Who takes part: the picture of trust, beside it the table. */
import { Users } from "lucide-react";
import type { ReactNode } from "react";
import { useAgentPeers } from "../../api/agents.ts";
import { Empty, LoadFailure, Skeleton } from "../feedback.tsx";
import { PeerTable } from "./peer-table.tsx";
import { TrustGraph } from "./trust-graph.tsx";

export function PeersPart(): ReactNode {
  const { data, error, refetch } = useAgentPeers();
  return (
    <section aria-labelledby="peers-heading" className="flex flex-col gap-6 py-6">
      <div className="flex max-w-3xl flex-col gap-2">
        <h2 id="peers-heading" className="text-lg font-semibold">
          Peers
        </h2>
        <p>
          Operators whom the network trusts: those of its genesis, and whom three of them, or of those who came after,
          endorsed. Nobody stands further than three steps away.
        </p>
      </div>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading the operators" />}
      {data?.length === 0 && (
        <Empty icon={Users} title="No operator is known yet">
          They appear as your agent hears of them.
        </Empty>
      )}
      {data && data.length > 0 && (
        <div className="grid grid-cols-1 items-start gap-8 side:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
          <TrustGraph peers={data} />
          <PeerTable peers={data} />
        </div>
      )}
    </section>
  );
}
