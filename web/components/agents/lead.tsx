/** How the own agent is, in one sentence, and what to do about it. */
import { Bot, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { AgentHealth } from "../../../src/api/contract.ts";
import { agentAdvice, agentLead, windowWords } from "../../lib/agent-words.ts";
import { countOf } from "../../lib/format.ts";
import { shortNode } from "../../lib/mesh-words.ts";
import { CopyLine } from "../copy-line.tsx";
import { Notice } from "../feedback.tsx";

export function AgentLead({ health, nowMs }: { readonly health: AgentHealth; readonly nowMs: number }): ReactNode {
  const { networkName, logs, operator, isEnrolled, forked } = health;
  const advice = agentAdvice(health);
  return (
    <section aria-labelledby="agent-heading" className="flex flex-col gap-4 pb-6">
      <h2 id="agent-heading" className="flex items-center gap-2 text-sm font-medium text-muted">
        <Bot aria-hidden className="size-4 shrink-0" />
        <span>
          Your agent in <bdi>“{networkName}”</bdi>
        </span>
      </h2>
      <output className="max-w-3xl text-xl font-semibold tracking-tight">{agentLead(health)}</output>
      {advice !== null && (
        <Notice icon={TriangleAlert} alert>
          {advice}
        </Notice>
      )}
      {!isEnrolled && <CopyLine text={operator} what="Your operator key" whole />}
      <div className="flex flex-col gap-1">
        <p>{windowWords(health, nowMs)}</p>
        <p className="text-sm text-muted">It keeps {countOf(logs, "log")} of agents.</p>
      </div>
      {forked.length > 0 && (
        <Notice icon={TriangleAlert} title={`${countOf(forked.length, "agent keeps", "agents keep")} two histories`}>
          Each of them signed two different logs, which is proven. Nothing more of theirs counts:{" "}
          {forked.map(shortNode).join(", ")}.
        </Notice>
      )}
    </section>
  );
}
