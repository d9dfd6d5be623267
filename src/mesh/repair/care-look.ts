/**
 * One look at one object that is cared for.
 *
 *   find where it lies -> audit -> repair -> renew leases -> find again, merge, say it anew -> tell leaving nodes
 *
 * It is said anew at every look, changed or not, because nodes that keep records come and go. Several carers may do all of this at
 * the same time: each merges what it did into what it finds, and what both stored is a surplus copy.
 */
import type { Clock, Timers } from "../../core/clock.ts";
import { equalBytes } from "../../core/bytes.ts";
import { InternalError, NetworkError, NocturneError, ValidationError } from "../../core/errors.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { abreast } from "../audit/abreast.ts";
import { type AuditReport, auditObjects, heldOf } from "../audit/auditor.ts";
import { inTime } from "../audit/in-time.ts";
import { encodeLocator, type Locator, nodeOf } from "../manifest/locator.ts";
import { mergeLocators } from "../manifest/merge.ts";
import type { NodeId } from "../node-id.ts";
import type { ReadTools } from "../objects/segment-reader.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import type { NodeState } from "../placement/node-state.ts";
import type { FragmentRef } from "../rooms.ts";
import type { Care, LookResult } from "./care-table.ts";
import type { FoundManifest, Manifests } from "./manifests.ts";
import { countsWith, repairObject, type RepairResult } from "./repairer.ts";

export interface LookContext {
  readonly manifests: Manifests;
  /** In the name of the object's owner. */
  readonly tools: ReadTools;
  /** What is thought of nodes at this moment; `shown`: those that have just shown all that they were asked for. */
  readonly states: (shown: ReadonlySet<NodeId>) => (node: NodeId) => NodeState;
  readonly isLeaving: (node: NodeId) => boolean;
  /** See `AuditOptions`. */
  readonly share: number;
  /** Tells a node that leaves that these are kept elsewhere now. Throws NocturneError when it does not listen. */
  readonly release: (node: NodeId, ids: readonly FragmentId[]) => Promise<void>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly signal: AbortSignal;
}

/** Problems in words; the same words for the same problem, so that they can be counted. */
const WORDS = {
  offline: "None of its nodes answers: this machine may be offline.",
  lost: "Some nodes have lost fragments that they took.",
  waiting: "Some parts cannot be read now; they wait for nodes to come back.",
  unplaced: "Some parts have too few fragments, and there are no other nodes with room.",
  wrong: "What some parts give is not what was stored; nothing of it was brought to nodes.",
  other: "Another file is said to lie under its care key.",
} as const;

/**
 * Where the object lies, as far as can be known: the newest that is found, with what this carer did and could not say.
 * Throws as `Manifests.find`.
 */
export async function findManifest(
  care: Care,
  { manifests, states, isLeaving, signal }: Pick<LookContext, "manifests" | "states" | "isLeaving" | "signal">,
): Promise<FoundManifest | null> {
  const found = await manifests.find(care.careKey, signal);
  const { manifest } = care;
  if (!found || !manifest || found.sequence > manifest.sequence) return found ?? manifest;
  const counts = countsWith({ stateOf: states(new Set()), isLeaving });
  const locator = mergeLocators(found.locator, manifest.locator, counts) ?? found.locator;
  return { locator, sequence: manifest.sequence, certificate: found.certificate };
}

/** `manifest`: of `findManifest`. Throws InternalError, and the signal's reason. */
export async function lookAfter(care: Care, manifest: FoundManifest, context: LookContext): Promise<LookResult> {
  const { tools, isLeaving, share, timers, signal, clock } = context;
  const audit = await auditObjects([manifest.locator], { ...tools, signal, share, timers });
  if (audit.nodes.length > 0 && !audit.nodes.some(({ answered }) => answered)) {
    return { ...resultOf(care, manifest, audit, null, [WORDS.offline]), isUrgent: true };
  }
  // After the audit, in which nodes that were away showed what they have.
  const stateOf = context.states(new Set(audit.nodes.flatMap(({ node, kept }) => (kept ? [node] : []))));
  const untilMs = Math.min(clock.nowMs() + MESH_LIMITS.leaseMs, care.untilMs);
  const { lost } = audit;
  const repair = await repairObject(manifest.locator, { tools, stateOf, isLeaving, lost, untilMs, signal });
  const leasedUntilMs = await renewLeases(care, repair.locator, untilMs, context);
  const isCounted = countsWith({ stateOf, isLeaving });
  const forgetful = lost.nodes();
  const counts = (node: NodeId): boolean => isCounted(node) && !forgetful.has(node);
  const problems = problemsOf(audit, repair);
  const mine = { ...manifest, locator: repair.locator };
  const said = await sayAnew(care, mine, counts, context).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof InternalError || !(error instanceof NocturneError)) throw error;
    problems.push(error.message);
    return null;
  });
  // What nobody else can find is not kept elsewhere yet.
  if (said) await tellLeaving(manifest.locator, said.locator, context);
  const { waiting, unplaced } = repair.segments;
  const isUrgent = waiting > 0 || unplaced > 0 || !said || said.locator.nodes.some(isLeaving);
  return { ...resultOf(care, said ?? mine, audit, repair, problems), leasedUntilMs, isUrgent };
}

function problemsOf({ lost }: AuditReport, { segments }: RepairResult): string[] {
  const { waiting, unplaced, wrong } = segments;
  return [
    ...(lost.size > 0 ? [WORDS.lost] : []),
    ...(waiting > 0 ? [WORDS.waiting] : []),
    ...(unplaced > 0 ? [WORDS.unplaced] : []),
    ...(wrong > 0 ? [WORDS.wrong] : []),
  ];
}

function resultOf(
  { leasedUntilMs }: Care,
  manifest: FoundManifest,
  { nodes }: AuditReport,
  repair: RepairResult | null,
  problems: readonly string[],
): Omit<LookResult, "isUrgent"> {
  return {
    problems,
    manifest,
    leasedUntilMs,
    segments: manifest.locator.segments.length,
    margin: repair?.health.worst.margin ?? null,
    auditsPassed: nodes.reduce((sum, { verdicts }) => sum + verdicts.kept, 0),
    auditsFailed: nodes.reduce((sum, { verdicts, refusals }) => sum + verdicts.missing + verdicts.wrong + refusals, 0),
    repairedFragments: repair ? repair.rebuilt + repair.copied : 0,
    repairedBytes: repair?.storedBytes ?? 0,
  };
}

/** Until when every fragment is leased as far as is known. If one node was not reached, the next look renews all again. */
async function renewLeases(care: Care, locator: Locator, untilMs: number, context: LookContext): Promise<number> {
  if (care.leasedUntilMs - context.clock.nowMs() >= MESH_LIMITS.renewMs) return care.leasedUntilMs;
  const held = [...heldOf([locator])];
  const renewed = await abreast(held, MESH_LIMITS.auditNodes, ([node, refs]) => renewAt(node, refs, untilMs, context));
  return renewed.every(Boolean) ? untilMs : care.leasedUntilMs;
}

/** Whether all of them were renewed. */
async function renewAt(
  node: NodeId,
  held: readonly FragmentRef[],
  untilMs: number,
  { tools, timers, signal }: LookContext,
): Promise<boolean> {
  const ids = held.map(({ id }) => id);
  for (let at = 0; at < ids.length; at += MESH_LIMITS.batch) {
    const batch = ids.slice(at, at + MESH_LIMITS.batch);
    const renewed = await inTime(timers, signal, async (inner) => {
      const peer = await tools.exchange.peer(node, inner);
      return peer.renew(batch, untilMs);
    });
    if (renewed === null || renewed instanceof ValidationError || renewed.length < batch.length) return false;
  }
  return true;
}

/**
 * Merges and publishes, until what is found holds what this carer did; what was said then. Throws as `Manifests`, and
 * ValidationError `other_object`.
 */
async function sayAnew(
  care: Care,
  mine: FoundManifest,
  counts: (node: NodeId) => boolean,
  { manifests, signal }: LookContext,
): Promise<FoundManifest> {
  let said = mine;
  let found = await manifests.find(care.careKey, signal);
  for (let once = 0; once < MESH_LIMITS.carePublishes; once++) {
    const { certificate } = found ?? said;
    const locator = merged(found?.locator ?? said.locator, said.locator, counts);
    const sequence = Math.max(found?.sequence ?? 0, said.sequence, care.sequence) + 1;
    if ((await manifests.publish(care.careKey, locator, sequence, certificate, signal)) === 0) throw notKept();
    said = { locator, sequence, certificate };
    found = await manifests.find(care.careKey, signal);
    if (!found || isSame(merged(found.locator, locator, counts), found.locator)) break;
  }
  return said;
}

function merged(a: Locator, b: Locator, counts: (node: NodeId) => boolean): Locator {
  const both = mergeLocators(a, b, counts);
  if (!both) throw new ValidationError("other_object", WORDS.other);
  return both;
}

function isSame(a: Locator, b: Locator): boolean {
  return equalBytes(encodeLocator(a), encodeLocator(b));
}

function notKept(): NetworkError {
  return new NetworkError("record_not_kept", "No node keeps the record of where it lies.");
}

/** Nodes that leave learn which of their fragments have another place in what was said. */
async function tellLeaving(
  before: Locator,
  after: Locator,
  { isLeaving, release, signal }: LookContext,
): Promise<void> {
  const moved = new Map<NodeId, FragmentId[]>();
  for (const [segment, { fragments }] of before.segments.entries()) {
    for (const [index, fragment] of fragments.entries()) {
      const node = nodeOf(before, fragment);
      const now = after.segments[segment]?.fragments[index];
      if (node === null || !now || !isLeaving(node)) continue;
      const place = nodeOf(after, now);
      if (place !== null && place !== node) moved.set(node, [...(moved.get(node) ?? []), fragment.id]);
    }
  }
  for (const [node, ids] of moved) {
    for (let at = 0; at < ids.length; at += MESH_LIMITS.batch) {
      // It waits in vain then, for a while.
      await release(node, ids.slice(at, at + MESH_LIMITS.batch)).catch(() => signal.throwIfAborted());
    }
  }
}
