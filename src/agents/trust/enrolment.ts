/**
 * What a newcomer shows: the endorsements of one operator, side by side. The body of the statement `enrolment`.
 *
 *   enrolment   count u8 | endorsement: length u16, paper ...      rising by endorser, each once, all of one target
 *
 * It says nothing itself: the endorsements in it do, whoever carries them. Specified in NEP-27.
 */
import { AGENT_LIMITS } from "../../core/agent-limits.ts";
import { concatBytes, u16 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ByteReader } from "../../mesh/byte-reader.ts";
import type { NetworkId } from "../agent-ids.ts";
import { type Endorsement, readEndorsement } from "./endorsement.ts";

/** Papers in any order. Throws UsageError `agent_enrolment` unless they are endorsements of one operator in this network, one an endorser. */
export function encodeEnrolment(papers: readonly Uint8Array[], network: NetworkId): Uint8Array {
  const read = papers.flatMap((paper) => {
    const endorsement = readEndorsement(paper, network);
    return endorsement ? [{ endorsement, paper }] : [];
  });
  const sorted = read.toSorted((a, b) => (a.endorsement.endorser < b.endorsement.endorser ? -1 : 1));
  if (read.length !== papers.length || !isEnrolment(sorted.map(({ endorsement }) => endorsement))) {
    throw new UsageError("agent_enrolment", "These papers do not enrol anybody in this network.", {
      hint: `Give at most ${AGENT_LIMITS.enrolmentPapers} endorsements of one operator, each by another one.`,
    });
  }
  const parts = sorted.flatMap(({ paper }) => [u16(paper.length), paper]);
  return concatBytes(Uint8Array.of(papers.length), ...parts);
}

/** Null for whatever is none, and if one of the papers is none. Whether they suffice is another matter. Never throws. */
export function readEnrolment(body: Uint8Array, network: NetworkId): readonly Endorsement[] | null {
  const reader = new ByteReader(body);
  const count = reader.u8() ?? 0;
  if (count > AGENT_LIMITS.enrolmentPapers) return null;
  const papers = Array.from({ length: count }, () => reader.take(reader.u16() ?? 0));
  if (!reader.isDone) return null;
  const endorsements: Endorsement[] = [];
  for (const paper of papers) {
    const endorsement = paper && readEndorsement(paper, network);
    if (!endorsement) return null;
    endorsements.push(endorsement);
  }
  return isEnrolment(endorsements) ? endorsements : null;
}

function isEnrolment(endorsements: readonly Endorsement[]): boolean {
  const isInOrder = endorsements.every(({ endorser, target }, at) => {
    const before = endorsements[at - 1];
    return !before || (before.endorser < endorser && before.target === target);
  });
  return isInOrder && endorsements.length >= 1 && endorsements.length <= AGENT_LIMITS.enrolmentPapers;
}
