/** Nodes of a real network that watch each other's ledgers, and signers who keep two histories. */
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock, systemTimers } from "../../core/clock.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { Candidates } from "../objects/candidates.ts";
import { MeshNetwork, type NetworkOptions } from "../network/mesh-network.ts";
import { clientOptions, nodeOptions, type TestFolder, testFolder, until } from "../network/testing.ts";
import { readCheckpoint } from "./checkpoint.ts";
import type { LedgerTopic } from "./gossip.ts";
import { LedgerMember } from "./member.ts";
import { LedgerLog } from "./log.ts";
import { OwnLedger } from "./own-ledger.ts";
import { type Ask, askCosignature, askFor, askHead, LEDGER_PROTOCOL } from "./questions.ts";
import { history, quietLogger } from "./testing.ts";
import { readWitnessedHead } from "./witness.ts";

/** Each time by which something must have happened; all wait on loopback. */
const CONVICTED_MS = 5_000;
const LIMIT_MS = 20_000;

interface TestMember extends AsyncDisposable {
  readonly network: MeshNetwork;
  readonly own: OwnLedger | null;
  readonly member: LedgerMember;
}

/** A node, or a client, that is a member as `mesh-node.ts` makes it one. `isDeaf`: what others tell does not reach it, nor what it tells them. */
async function startMember(options: NetworkOptions, isDeaf = false): Promise<TestMember> {
  const { folder, key, exchange } = options;
  const own = exchange && new OwnLedger({ folder, by: key, clock: systemClock });
  const note = own ? { note: (said: Uint8Array) => own.note("record", said) } : {};
  const network = await MeshNetwork.start({ ...options, ...note });
  const rooms = isDeaf ? withoutTopic(network) : network;
  const parts = { clock: systemClock, timers: systemTimers, log: quietLogger };
  const member = await LedgerMember.join({ folder, own, network: rooms, ...parts });
  return {
    network,
    own,
    member,
    [Symbol.asyncDispose]: async () => {
      await member[Symbol.asyncDispose]();
      await network[Symbol.asyncDispose]();
      own?.[Symbol.dispose]();
    },
  };
}

function withoutTopic(network: MeshNetwork): MeshNetwork {
  const topic: LedgerTopic = { publish: async () => {}, onMessage: () => () => {} };
  return new Proxy(network, {
    get: (target, name) => {
      if (name === "topic") return () => topic;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function startMembers(folder: TestFolder, count: number, isDeaf = false): Promise<TestMember[]> {
  const first = await startMember(nodeOptions(folder.path, 1), isDeaf);
  const bootstrap = first.network.addresses();
  const rest = Array.from({ length: count - 1 }, (_, i) =>
    startMember({ ...nodeOptions(folder.path, i + 2), bootstrap }, isDeaf),
  );
  return [first, ...(await Promise.all(rest))];
}

async function close(members: readonly AsyncDisposable[]): Promise<void> {
  await Promise.all(members.map((one) => one[Symbol.asyncDispose]()));
}

function askBy(network: MeshNetwork): Ask {
  return (node, question, most, signal) => network.ask(node, LEDGER_PROTOCOL, question, most, signal);
}

const signal = (): AbortSignal => AbortSignal.timeout(LIMIT_MS);

/** A node that announces itself, keeps what it is given as far as anybody can tell, and signs whatever it likes. */
function startLiar(folder: TestFolder, bootstrap: readonly string[], key: SignatureKeyPair): Promise<MeshNetwork> {
  return MeshNetwork.start({ ...nodeOptions(folder.path, 200, key), bootstrap });
}

test("nodes put down what they say, tell their heads, and cosign those of others", { timeout: 60_000 }, async () => {
  using folder = testFolder();
  const members = await startMembers(folder, 4);
  const [first, second] = members as [TestMember, TestMember];
  try {
    await until("all are cosigned", () => members.every(({ member }) => member.view().cosignatures === 3), LIMIT_MS);
    const { entries, headSize, forksSeen, isBehind, isForked } = first.member.view();
    assert.ok(headSize >= 1 && entries >= headSize + 3, "announcements, and a cosignature for each of three others");
    assert.deepEqual([forksSeen, isBehind, isForked], [0, false, false]);
    await until("a checkpoint is made", () => first.own?.papers.newest("ledger-checkpoint") !== null, LIMIT_MS);
    const ask = askBy(second.network);
    const witnessed = readWitnessedHead(await askFor(ask, first.network.id, "witnessed", signal()));
    assert.equal(witnessed?.cosignatures.length, 3);
    const checkpoint = readCheckpoint(await askFor(ask, first.network.id, "checkpoint", signal()));
    assert.deepEqual(checkpoint?.statement.signer, first.own?.by.publicKey);
    assert.ok((checkpoint?.heads.length ?? 0) >= 1);
  } finally {
    await close(members);
  }
});

describe("the attack: a node shows each of two witnesses another history of the same length, and tells neither to anybody else", () => {
  const key = ed25519.createKeyPair();
  const heads = ["shown", "hidden"].map((word) => history(key, ["begun", word]).head());

  async function attack(
    isDeaf: boolean,
    look: (world: { members: TestMember[]; client: TestMember; liar: MeshNetwork }) => Promise<void>,
  ): Promise<void> {
    using folder = testFolder();
    const members = await startMembers(folder, 4, isDeaf);
    const bootstrap = members[0]?.network.addresses() ?? [];
    const client = await startMember({ ...clientOptions(folder.path, 100), bootstrap }, isDeaf);
    const liar = await startLiar(folder, bootstrap, key);
    const all = [...members, client];
    try {
      await until("all know it", () => all.every(({ network }) => network.roster.find(liar.id) !== null), LIMIT_MS);
      await until("they sign", () => members.every(({ own }) => own?.isOpen === true), LIMIT_MS);
      assert.ok(isChosen(client, liar), "it could be given something");
      const [a, b] = members as [TestMember, TestMember];
      const answers = await Promise.all(
        [a, b].map(({ network }, i) => askCosignature(askBy(liar), network.id, heads[i] as never, signal())),
      );
      assert.ok(
        answers.some(({ length }) => length === 105),
        "a witness that knew nothing better cosigned",
      );
      await look({ members, client, liar });
    } finally {
      await close([client, liar, ...members]);
    }
  }

  test("all have the proof within seconds, nobody gives it anything, and who comes later is told", {
    timeout: 60_000,
  }, async () => {
    await attack(false, async ({ members, client, liar }) => {
      const all = [...members, client];
      await until("everybody knows", () => all.every(({ member }) => member.view().forksSeen === 1), CONVICTED_MS);
      assert.ok(!isChosen(client, liar));
      for (const { network } of all) {
        const { isForked, isLeaving, roomBytes, cares } = network.roster.find(liar.id) ?? {};
        assert.deepEqual(
          { isForked, isLeaving, roomBytes, cares },
          { isForked: true, isLeaving: true, roomBytes: 0, cares: false },
        );
      }
      using folder = testFolder();
      await using late = await startMember({
        ...clientOptions(folder.path, 101),
        bootstrap: members[2]?.network.addresses() ?? [],
      });
      await until("it asked", () => late.network.roster.find(liar.id)?.isForked === true, LIMIT_MS);
      await assert.rejects(
        askCosignature(askBy(liar), members[3]?.network.id as never, heads[0] as never, signal()).then(notEmpty),
      );
    });
  });

  test("without comparing, nobody notices", { timeout: 60_000 }, async () => {
    await attack(true, async ({ members, client, liar }) => {
      await new Promise((resolve) => setTimeout(resolve, CONVICTED_MS));
      assert.deepEqual(
        [...members, client].map(({ member }) => member.view().forksSeen),
        [0, 0, 0, 0, 0],
      );
      assert.ok(isChosen(client, liar));
    });
  });
});

function isChosen({ network }: TestMember, node: MeshNetwork): boolean {
  return new Candidates(network.roster).list(new Map(), 1_000).some(({ id }) => id === node.id);
}

function notEmpty(answer: Uint8Array): void {
  if (answer.length === 0) throw new Error("nothing was answered");
}

describe("an older copy of a node's disk", () => {
  /** A node signs, its ledger is put back to what it was before, and it starts again. */
  async function putBack(look: (again: TestMember) => Promise<void>, areOthersThere: boolean): Promise<void> {
    using folder = testFolder();
    await using others = new AsyncDisposableStack();
    const [first, other] = (await startMembers(folder, 3)).map((one) => others.use(one)) as [TestMember, TestMember];
    const options = { ...nodeOptions(folder.path, 9), bootstrap: first.network.addresses() };
    const [place, copy] = [join(options.folder, "ledger"), join(folder.path, "copy")];
    const sizeAt = async ({ network }: TestMember): Promise<number> =>
      (await askHead(askBy(network), first.network.id, options.key.publicKey, signal()).catch(() => null))?.size ?? 0;

    const before = others.use(await startMember(options));
    await until("it is heard of", async () => (await sizeAt(other)) > 0, LIMIT_MS);
    const copied = before.own?.log.size ?? 0;
    await before[Symbol.asyncDispose]();
    cpSync(place, copy, { recursive: true });
    const second = others.use(await startMember(options));
    await until("it said more, and others heard of it", async () => (await sizeAt(other)) > copied, LIMIT_MS);
    await second[Symbol.asyncDispose]();
    rmSync(place, { recursive: true });
    cpSync(copy, place, { recursive: true });
    if (!areOthersThere) await others.disposeAsync();
    await using again = await startMember(options);
    await look(again);
  }

  test("signs nothing, and says so", { timeout: 60_000 }, async () => {
    await putBack(async ({ own, member }) => {
      const size = own?.log.size;
      await assert.rejects(own?.note("receipt", utf8Encode("a promise")) ?? Promise.resolve(), {
        code: "ledger_behind",
      });
      assert.deepEqual([member.view().isBehind, own?.log.size], [true, size]);
    }, true);
  });

  test("would sign a second history if it asked nobody", { timeout: 60_000 }, async () => {
    await putBack(async ({ own, member }) => {
      const asked = performance.now();
      await own?.note("receipt", utf8Encode("another promise"));
      assert.ok(performance.now() - asked >= MESH_LIMITS.ownHeadMs / 2, "it waited for somebody to ask");
      assert.equal(member.view().isBehind, false);
    }, false);
  });
});

test("many receipts at once are put down in few writes", async () => {
  using folder = testFolder();
  const log = new LedgerLog({ folder: folder.path, by: ed25519.createKeyPair() });
  const begun = performance.now();
  await Promise.all(Array.from({ length: 500 }, (_, i) => log.append("receipt", utf8Encode(`receipt ${i}`))));
  const tookMs = performance.now() - begun;
  log.close();
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
});
