/**
 * What a task is about. Who sees the same entries sees the same tasks, under the same ids, and nobody hands them out.
 *
 *   about         type u8 1 to 3 | domain text8 | EntryId 32      synthesize, verify, consolidate
 *                 type u8 4 | period u32                          reflect: hours of `reflectMs` since 1970
 *   TaskId        SHA-256("nocturne/agents/task/v1" | network | about)
 *
 * The entry of `synthesize` and `consolidate` is the oldest of those that wait: once it does not wait any more the task is
 * another one, so a task that was done comes again by itself when there is something new to do. Specified in NEP-31.
 */
import { concatBytes, fromHex, u32 } from "../../core/bytes.ts";
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { UsageError } from "../../core/errors.ts";
import type { ByteReader } from "../../mesh/byte-reader.ts";
import type { EntryId, NetworkId } from "../agent-ids.ts";
import { isLine, readText8, text8 } from "../text.ts";
import { idOf, isId, readId, type TaskId } from "./task-ids.ts";

/** Numbers are never given twice. */
const ENTRY_TASKS = { synthesize: 1, verify: 2, consolidate: 3 } as const;
const REFLECT = 4;

/** Where syntheses about the whole stand. */
export const AWARENESS_DOMAIN = "awareness";

export type TaskAbout =
  | { readonly type: keyof typeof ENTRY_TASKS; readonly domain: string; readonly entry: EntryId }
  | { readonly type: "reflect"; readonly period: number };

const PERIOD_MOST = 2 ** 32 - 1;

export function taskIdOf(network: NetworkId, about: TaskAbout): TaskId {
  return idOf("nocturne/agents/task/v1", fromHex(network), encodeAbout(about)) as TaskId;
}

/** Throws UsageError `task` for what no task is about. */
export function encodeAbout(about: TaskAbout): Uint8Array {
  if (!isAbout(about)) throw new UsageError("task", "There is no task about this.");
  if (about.type === "reflect") return concatBytes(Uint8Array.of(REFLECT), u32(about.period));
  return concatBytes(Uint8Array.of(ENTRY_TASKS[about.type]), text8(about.domain), fromHex(about.entry));
}

/** Of the reader's next bytes; null for whatever is none. Never throws. */
export function readAbout(reader: ByteReader): TaskAbout | null {
  const code = reader.u8();
  if (code === REFLECT) {
    const period = reader.u32();
    return period === null ? null : { type: "reflect", period };
  }
  const type = (Object.keys(ENTRY_TASKS) as (keyof typeof ENTRY_TASKS)[]).find((key) => ENTRY_TASKS[key] === code);
  const [domain, entry] = [readText8(reader, AGENT_LIMITS.domainBytes), readId(reader)];
  if (!type || domain === null || !entry) return null;
  const about = { type, domain, entry: entry as EntryId };
  return isAbout(about) ? about : null;
}

/** The period of `reflect` at this time. */
export function periodAt(atMs: number): number {
  return Math.floor(atMs / AGENT_LIMITS.reflectMs);
}

function isAbout(about: TaskAbout): boolean {
  if (about.type === "reflect")
    return Number.isInteger(about.period) && about.period >= 0 && about.period <= PERIOD_MOST;
  const isDomain = about.domain !== "" && isLine(about.domain, AGENT_LIMITS.domainBytes);
  return Object.hasOwn(ENTRY_TASKS, about.type) && isDomain && isId(about.entry);
}
