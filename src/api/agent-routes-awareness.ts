/** The whole: GET, POST /local/awareness. */
import { Hono } from "hono";
import * as v from "valibot";
import type { EntryId } from "../agents/agent-ids.ts";
import type { DigestId } from "../agents/awareness/digest.ts";
import { conflictWords, gapWords } from "../agents/awareness/digest-words.ts";
import type { AwarenessView } from "./agent-contract.ts";
import type { AgentRoom } from "./agent-door.ts";
import { bodyOf, idField } from "./agent-door-input.ts";
import { entryView } from "./agent-entry-view.ts";
import type { ApiEnvironment, Routes } from "./environment.ts";

const said = v.object({ content: v.string(), cites: v.array(idField), snapshot: v.optional(idField) });

export function awarenessRoutes({ agent }: AgentRoom): Routes {
  return new Hono<ApiEnvironment>()
    .get("/awareness", (c) => {
      const { id, digest, synthesis } = agent.awareness();
      const entry = synthesis && agent.entry(synthesis);
      return c.json<AwarenessView>({
        sha256: id,
        atMs: digest.atMs,
        domains: digest.domains,
        gaps: digest.gaps.map((gap) => ({ domain: gap.domain, reason: gapWords(gap) })),
        conflicts: digest.conflicts.map((one) => ({
          domain: one.domain,
          entries: one.entries,
          reason: conflictWords(one),
        })),
        activity: digest.activity,
        synthesis: entry && entryView(entry, null),
      });
    })
    .post("/awareness", async (c) => {
      const { content, cites, snapshot } = await bodyOf(c, said);
      const about = (snapshot as string | undefined) ?? null;
      const id = await agent.reflect({ content: content.normalize("NFC"), cites }, about as DigestId | null);
      return c.json<{ readonly id: EntryId }>({ id });
    });
}
