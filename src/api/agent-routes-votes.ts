/** What others think of it: POST /local/knowledge/vote; GET /local/knowledge/tally, /local/votes. */
import { Hono } from "hono";
import * as v from "valibot";
import { toHex } from "../core/bytes.ts";
import { ValidationError } from "../core/errors.ts";
import { sha256 } from "../crypto/key-derivation.ts";
import type { AgentStatus, VoteUnderWay } from "../agents/agent.ts";
import { encodeTally, type Tally } from "../agents/votes/tally.ts";
import type { TallyView, VoteView } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField, queryOf } from "./agent-door-input.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const vote = v.object({
  entry: idField,
  vote: v.picklist([1, -1]),
  reason: v.optional(v.string(), ""),
});
const about = v.object({ entry: idField });

export function voteRoutes({ agent }: AgentRoom): Routes {
  const views = (): VoteView[] => {
    const status = agent.status();
    return agent.votes().map((one) => voteView(one, status));
  };
  return new Hono<ApiEnvironment>()
    .post("/knowledge/vote", async (c) => {
      const { entry, vote: side, reason } = await bodyOf(c, vote);
      agent.vote(entry, side === 1 ? "for" : "against", reason.normalize("NFC"));
      return c.json<VoteView>(views().find(({ subject }) => subject === entry) as VoteView);
    })
    .get("/knowledge/tally", (c) => {
      const tally = agent.tally(queryOf(c, about).entry);
      if (!tally) throw unknownTally();
      return c.json<TallyView>(tallyView(tally));
    })
    .get("/votes", (c) => c.json<readonly VoteView[]>(views()));
}

function voteView({ subject, isCase, own }: VoteUnderWay, { round, windowEndsMs }: AgentStatus): VoteView {
  return {
    subject,
    kind: isCase ? "case" : "entry",
    own: own && (own.vote === "for" ? 1 : -1),
    state: stateOf(own),
    round: own?.round ?? round,
    windowEndsMs,
  };
}

function stateOf(own: VoteUnderWay["own"]): VoteView["state"] {
  if (!own || own.round === null) return "waiting";
  return own.isOpened ? "revealed" : "committed";
}

function tallyView(tally: Tally): TallyView {
  const { subject, round, level, against, votes } = tally;
  return { subject, round, level, for: tally.for, against, votes, sha256: toHex(sha256(encodeTally(tally))) };
}

function unknownTally(): ValidationError {
  return new ValidationError("unknown_tally", "No vote about this was counted yet.", {
    hint: "Votes are counted when their round is over.",
  });
}
