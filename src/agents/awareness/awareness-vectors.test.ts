/** `vectors/agent-awareness.json`, NEP-32. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import type { OperatorId, SubjectId } from "../agent-ids.ts";
import { encodeKnowledgeEntry, readKnowledgeEntry } from "../knowledge/entry.ts";
import { type Tally, tallyOf } from "../votes/tally.ts";
import { digestIdOf, encodeDigest } from "./digest.ts";
import { digestOf } from "./digest-of.ts";
import { readSynthesis, writeSynthesis } from "./synthesis.ts";

const { rules, digests, syntheses } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../vectors/agent-awareness.json"), "utf8"),
);

test("digests", () => {
  for (const { about, atMs, entries, tallies, out, digest, bytes, id } of digests) {
    const all = new Map<SubjectId, Tally>();
    for (const { subject, round, votes } of tallies)
      all.set(subject, tallyOf({ network: rules.network, subject, round }, votes));
    const excluded = new Set<OperatorId>(out);
    const view = {
      rules,
      entries,
      tallyOf: (subject: SubjectId) => all.get(subject) ?? null,
      takesPart: (operator: OperatorId) => !excluded.has(operator),
    };
    const counted = digestOf(view, atMs);
    assert.deepEqual(counted, digest, about);
    assert.equal(toHex(encodeDigest(counted)), bytes, about);
    assert.equal(digestIdOf(counted), id, about);
  }
});

test("what is about the whole, and what is not", () => {
  for (const { entry, digest, cites } of syntheses.valid) {
    assert.deepEqual(readSynthesis(entry), { content: entry.content, digest, cites });
    const { type, domain, sources } = writeSynthesis({ content: entry.content, digest, cites });
    assert.deepEqual({ ...entry, type, domain, sources }, entry);
    assert.deepEqual(readKnowledgeEntry(encodeKnowledgeEntry(entry)), entry);
  }
  for (const { why, entry } of syntheses.invalid) assert.equal(readSynthesis(entry), null, why);
});
