/**
 * Asking a neighbour who is there, so that a newcomer knows the mesh within a second and need not wait for everybody's
 * next announcement.
 *
 *   /nocturne/roster/1    question 32 ->    <- page    (`announcement-page.ts`), one of each a stream
 *
 * A neighbour may leave nodes out, not make any up: each announcement is signed by its node. So several are asked.
 */
import type { Stream } from "@libp2p/interface";
import { fromHex, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { encodePage, PAGE_BYTES, QUESTION_BYTES, readPage } from "./announcement-page.ts";
import { claimedBy } from "./announcement.ts";
import { limited, readBytes } from "./question.ts";
import type { NodeRoster } from "./roster.ts";

export const ROSTER_PROTOCOL = "/nocturne/roster/1";

const START = "0".repeat(2 * QUESTION_BYTES);
/** Enough for a full roster, and for one that grows meanwhile. */
const MOST_PAGES = 2 * Math.ceil(MESH_LIMITS.nodes / MESH_LIMITS.rosterPage);

/** Answers one question. */
export async function answerRoster(stream: Stream, roster: NodeRoster): Promise<void> {
  await using line = limited(stream);
  const question = await readBytes(line, QUESTION_BYTES, QUESTION_BYTES);
  if (question) await line.write(encodePage(roster.page(toHex(question))));
}

/** Asks page after page, each on a stream of its own; what is no announcement is left out. Throws what the network throws. */
export async function askRoster(open: () => Promise<Stream>, roster: NodeRoster): Promise<void> {
  let after = START;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const announcements = await askPage(await open(), after);
    for (const bytes of announcements) roster.hear(bytes, false);
    const last = announcements.at(-1);
    const next = last && claimedBy(last);
    if (announcements.length < MESH_LIMITS.rosterPage || next === undefined || next <= after) return;
    after = next;
  }
}

async function askPage(stream: Stream, after: string): Promise<Uint8Array[]> {
  await using line = limited(stream);
  await line.write(fromHex(after));
  const page = await readBytes(line, 0, PAGE_BYTES);
  return (page && readPage(page)) ?? [];
}
