import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "../core/bytes.ts";
import { ed25519 } from "../crypto/signing.ts";
import type { Contribution } from "./agent.ts";
import type { OperatorId } from "./agent-ids.ts";
import { enrol, newFolder, newNetwork, startAgent, until } from "./testing.ts";
import { signRevocation } from "./trust/revocation.ts";
import { encodeTally } from "./votes/tally.ts";

const WINDOWS = { commitMs: 2_000, revealMs: 2_000 };

function finding(content: string, more: Partial<Contribution> = {}): Contribution {
  const usual = {
    type: "observation",
    confidence: 60,
    ttlS: 0,
    domain: "tests",
    tags: [],
    sources: [],
    supersedes: [],
  };
  return { ...usual, ...more, content } as Contribution;
}

test("what one agent finds all find, votes make it high, and all count the same, byte for byte", async (t) => {
  const network = newNetwork(3, WINDOWS);
  const [first, second, third] = network.operators as [never, never, never];
  const a = await startAgent(t, network, first);
  const b = await startAgent(t, network, second, [a]);
  const c = await startAgent(t, network, third, [a]);
  const all = [a, b, c];
  await until(() => all.every((one) => one.status().logs === 3 && one.status().isEnrolled));
  const id = await a.contribute(finding("Owls hunt by ear."));
  const other = await a.contribute(finding("Owls hunt by smell.", { sources: [{ entry: id }, { words: "hearsay" }] }));
  assert.notEqual(id, other);
  for (const one of all) {
    await until(() => one.query({ text: "owls", limit: 10 }).length === 2);
    assert.equal(one.query({ limit: 10 }).length, 2, "without a domain and without words");
    assert.equal(one.query({ domain: "tests", limit: 10 }).length, 2);
    assert.equal(one.query({ domain: "elsewhere", limit: 10 }).length, 0);
    one.vote(id, "for", "");
    one.vote(other, "against", "They cannot smell.");
  }
  assert.equal(a.tally(id), null, "not before the round is over");
  const tallies = await until(() => {
    const found = all.map((one) => one.tally(id));
    return found.every((tally) => tally?.votes.length === 3) && found;
  });
  assert.deepEqual(
    tallies.map((tally) => tally?.level),
    ["high", "high", "high"],
  );
  const bytes = tallies.map((tally) => toHex(encodeTally(tally as never)));
  assert.equal(new Set(bytes).size, 1);
  assert.deepEqual(
    all.map((one) => one.tally(other)?.level),
    ["rejected", "rejected", "rejected"],
  );
  const [best] = await until(() => {
    const found = b.query({ text: "owls", limit: 10, level: "high" });
    return found.length === 1 && found;
  });
  assert.equal(best?.id, id);
  await assert.rejects(b.withdraw(id), { code: "not_yours" });
  await a.withdraw(other);
  await until(() => all.every((one) => one.entry(other) === null));
});

test("who is not enrolled says nothing that counts; with three endorsements it does, and everything is there after a restart", async (t) => {
  const network = newNetwork(3, WINDOWS);
  const [first] = network.operators as [never];
  const a = await startAgent(t, network, first);
  const newcomer = ed25519.createKeyPair();
  const [folder, device] = [newFolder(t), ed25519.createKeyPair()];
  const before = await startAgent(t, network, newcomer, [a], { folder, device });
  await assert.rejects(before.contribute(finding("Let me in.")), { code: "not_enrolled" });
  assert.equal(a.status().logs, 1);
  const id = await a.contribute(finding("Public."));
  await until(() => before.entry(id));
  await before[Symbol.asyncDispose]();

  const enrolment = enrol(network, newcomer, network.operators);
  const again = await startAgent(t, network, newcomer, [a], { folder, device, enrolment });
  assert.ok(again.entry(id), "what it knew it knows");
  await until(() => again.status().isEnrolled);
  const own = await again.contribute(finding("I am in."));
  await until(() => a.entry(own));
  assert.deepEqual(
    a.peers().map(({ standing }) => standing.depth),
    [0, 0, 0, 1],
  );
});

test("an index that was taken away is made anew from the journal, and one that is behind catches up", async (t) => {
  const network = newNetwork(3, WINDOWS);
  const [first] = network.operators as [never];
  const [folder, device] = [newFolder(t), ed25519.createKeyPair()];
  const agent = await startAgent(t, network, first, [], { folder, device });
  const ids = [await agent.contribute(finding("One.")), await agent.contribute(finding("Two."))];
  await agent.withdraw(ids[1] as never);
  await agent[Symbol.asyncDispose]();
  for (const name of ["knowledge.db", "knowledge.db-wal", "knowledge.db-shm"])
    rmSync(join(folder, name), { force: true });
  const again = await startAgent(t, network, first, [], { folder, device });
  assert.deepEqual(
    again.query({ limit: 10 }).map(({ id }) => id),
    [ids[0]],
  );
});

test("a running agent says the papers of its operator: let in while it runs, and out again by his own word", async (t) => {
  const network = newNetwork(3, WINDOWS);
  const [first] = network.operators as [never];
  const a = await startAgent(t, network, first);
  const newcomer = ed25519.createKeyPair();
  const b = await startAgent(t, network, newcomer, [a]);
  await assert.rejects(b.enrol(enrol(network, ed25519.createKeyPair(), network.operators)), {
    code: "agent_enrolment",
  });
  await b.enrol(enrol(network, newcomer, network.operators));
  await until(() => a.status().logs === 2);
  assert.ok(b.status().isEnrolled);
  const target = toHex(newcomer.publicKey) as OperatorId;
  const revocation = signRevocation(
    { network: network.genesis.network, target, note: "", madeAtMs: Date.now() },
    newcomer,
  );
  await assert.rejects(a.revoke(revocation.slice(1)), { code: "agent_revocation" });
  await a.revoke(revocation);
  await until(() => !b.status().isEnrolled);
  await assert.rejects(b.contribute(finding("Still here.")), { code: "not_enrolled" });
});
