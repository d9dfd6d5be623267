/**
 * What the first Nocturne promised of its agents and did not keep: each fault by name, tried on agents that run. What assistants are
 * given, which was never marked as words of others, is tried in `src/mcp/`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, toHex } from "../core/bytes.ts";
import { systemClock } from "../core/clock.ts";
import { ed25519 } from "../crypto/signing.ts";
import type { Agent, Contribution } from "./agent.ts";
import type { EntryId, OperatorId, SubjectId } from "./agent-ids.ts";
import { Journal } from "./journal/journal.ts";
import { encodeSaid, readSaid } from "./journal/said.ts";
import { newFolder, newNetwork, startAgent, until } from "./testing.ts";
import { encodeGenesis } from "./trust/genesis.ts";
import { commitmentOf } from "./votes/ballot.ts";
import { levelOf } from "./votes/tally.ts";

const network = newNetwork(3, { commitMs: 1_000, revealMs: 1_000 });
function finding(content: string, more: Partial<Contribution> = {}): Contribution {
  const usual = { type: "observation", confidence: 60, ttlS: 0, domain: "faults", tags: [] } as const;
  return { ...usual, sources: [], supersedes: [], ...more, content };
}

test("faults of the first agents", async (t) => {
  const agents: Agent[] = [];
  for (const operator of network.operators) agents.push(await startAgent(t, network, operator, agents));
  await until(() => agents.every((agent) => agent.status().logs === 3 && agent.status().isEnrolled));
  const [first, second, third] = agents as [Agent, Agent, Agent];
  const everywhere = async (id: EntryId): Promise<unknown> =>
    until(() => agents.every((agent) => agent.entry(id) !== null));

  await t.test("endorsements were never checked: who has none says nothing that is kept", async () => {
    const stranger = await startAgent(t, network, ed25519.createKeyPair(), agents);
    await assert.rejects(stranger.contribute(finding("Let me in.")), { code: "not_enrolled" });
    assert.throws(() => stranger.vote("0".repeat(64) as EntryId, "for", ""), { code: "entry_missing" });
    assert.equal(first.status().logs, 3);
  });

  await t.test(
    "a query without a domain failed, a contribution with sources failed, and all entries of a domain shared one empty id",
    async () => {
      const id = await first.contribute(finding("Kelp grows fast."));
      const cited = await first.contribute(finding("Kelp sways.", { sources: [{ entry: id }, { words: "a dive" }] }));
      assert.match(id, /^[0-9a-f]{64}$/);
      assert.notEqual(id, cited);
      await everywhere(cited);
      assert.equal(second.query({ text: "kelp", limit: 10 }).length, 2);
      assert.equal(second.entry(cited)?.entry.sources.length, 2);
    },
  );

  await t.test("awareness without an id failed: everybody counts the same", async () => {
    await until(() => new Set(agents.map((agent) => agent.awareness().id)).size === 1);
    const { digest } = await until(() => {
      const seen = second.awareness();
      return seen.digest.domains.length > 0 && seen;
    });
    assert.deepEqual(
      digest.domains.map(({ domain }) => domain),
      ["faults"],
    );
  });

  await t.test(
    "tasks never came: eleven observations that nobody brought together are one, the same for all",
    async () => {
      for (let i = 0; i < 11; i++)
        await (agents[i % 3] as Agent).contribute(finding(`Reef ${i}.`, { domain: "faults/reefs" }));
      const ids = await until(() => {
        const found = agents.map((agent) => agent.tasks().find(({ domain }) => domain === "faults/reefs")?.id);
        return found.every((id) => id !== undefined && id === found[0]) && found;
      });
      await first.desk.claim(ids[0] as string);
      await until(() => second.tasks().find(({ id }) => id === ids[0])?.lease?.operator === first.operator);
    },
  );

  await t.test(
    "anomalies were never acted on: who is accused is hidden there at once, and others vote about it",
    async () => {
      const accused = third.operator;
      await first.cases.accuse(accused, "quarantine", "Says what is not.");
      assert.equal(first.peers().find(({ operator }) => operator === accused)?.quarantine, "local");
      const seen = await until(() => second.cases.all().find((one) => one.accused === accused));
      assert.deepEqual([seen.state, seen.by], ["voting", first.operator]);
      second.vote(seen.id, "against", "He does not.");
      assert.equal(second.peers().find(({ operator }) => operator === accused)?.quarantine, "none");
      const id = await third.contribute(finding("Jellyfish listen."));
      await until(() => second.query({ text: "jellyfish", limit: 1 }).length === 1);
      await everywhere(id);
      assert.deepEqual(
        first.query({ text: "jellyfish", limit: 1 }),
        [],
        "asked for, since others may count on it, and not shown",
      );
      await first.cases.accuse(accused, "reinstate", "A mistake.");
      assert.equal(first.query({ text: "jellyfish", limit: 1 }).length, 1);
      assert.equal(first.peers().find(({ operator }) => operator === accused)?.quarantine, "none");
    },
  );

  await t.test(
    "votes took a key where an id was given, and the tally ran at any time and changed nothing",
    async () => {
      assert.throws(() => first.vote(first.operator as string as EntryId, "for", ""), { code: "entry_missing" });
      const id = await first.contribute(finding("Anemones sting."));
      await everywhere(id);
      for (const agent of agents) agent.vote(id, "for", "");
      assert.equal(first.tally(id), null);
      await until(() => agents.every((agent) => agent.tally(id)?.votes.length === 3));
      await until(() => agents.every((agent) => agent.entry(id)?.level === "high"));
    },
  );

  await t.test("two of three failed a rule of two thirds", () => {
    const votes = (["for", "for", "against"] as const).map((side, i) => ({
      operator: `${i}` as OperatorId,
      side,
      weight: 1_000,
    }));
    assert.equal(levelOf(votes), "high");
  });

  await t.test("a commitment could be copied: operator, subject and network are inside", () => {
    const about = { network: network.genesis.network, vote: "for", nonce: new Uint8Array(32) } as const;
    const [one, other] = [1, 2].map((n) => `${n}`.repeat(64));
    const made = [
      { subject: one as SubjectId, operator: one as OperatorId },
      { subject: one as SubjectId, operator: other as OperatorId },
      { subject: other as SubjectId, operator: one as OperatorId },
    ].map((who) => commitmentOf({ ...about, ...who }));
    assert.equal(new Set(made).size, 3);
  });

  await t.test(
    "one operator began a network in which three have to endorse, and an all-zero key let anyone sign",
    () => {
      const [one, two] = network.operators.map(({ publicKey }) => toHex(publicKey) as OperatorId);
      const begin = (operators: readonly (OperatorId | undefined)[]): unknown =>
        encodeGenesis({ ...network.genesis, operators: operators as OperatorId[] });
      assert.throws(() => begin([one]), { code: "agent_genesis" });
      assert.throws(() => begin([one, two, "0".repeat(64) as OperatorId]), { code: "agent_genesis" });
    },
  );

  await t.test("messages without a signature were accepted", async () => {
    const about = { folder: newFolder(t), key: ed25519.createKeyPair(), network: network.genesis.network };
    using journal = new Journal({ ...about, clock: systemClock });
    const said = await journal.say({ kind: "withdrawal", body: new Uint8Array(32) });
    const bytes = encodeSaid(said);
    assert.ok(readSaid(bytes));
    const { length } = said.entry.bytes;
    const unsigned = concatBytes(bytes.subarray(0, 2 + length - 64), new Uint8Array(64), bytes.subarray(2 + length));
    assert.equal(readSaid(unsigned), null);
  });
});
