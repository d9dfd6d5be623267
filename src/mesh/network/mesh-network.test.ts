import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { concatBytes, equalBytes, utf8Encode } from "../../core/bytes.ts";
import { systemClock } from "../../core/clock.ts";
import { randomBytes } from "../../core/random.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { MemoryDatastore } from "datastore-core/memory";
import type { Datastore } from "interface-datastore";
import { type NodeId, nodeIdOf } from "../node-id.ts";
import { failureDomain } from "../placement/failure-domain.ts";
import { recordPlace, signRecord } from "../records/record.ts";
import type { Line } from "../rooms.ts";
import { createNode, type MeshLibp2p } from "./libp2p-node.ts";
import { MeshNetwork } from "./mesh-network.ts";
import { openNetworkDatabase } from "./network-database.ts";
import { RecordDatastore } from "./record-datastore.ts";
import { tableKey } from "./record-places.ts";
import { clientOptions, nodeOptions, startNodes, testFolder, until } from "./testing.ts";
import { parseMeshAddress, peerIdOf } from "./peer-ids.ts";

const NODES = 12;
const LIMIT_MS = 60_000;

function record(key: SignatureKeyPair, sequence: number, text = "here"): Uint8Array {
  return signRecord({ kind: "owner", sequence, madeAtMs: Date.now(), value: utf8Encode(text) }, key);
}

async function closeAll(nodes: readonly MeshNetwork[]): Promise<void> {
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
}

async function collect(line: Line, bytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of line.incoming) {
    parts.push(part);
    length += part.length;
    if (length >= bytes) break;
  }
  return concatBytes(...parts);
}

describe("twelve nodes and a client", () => {
  const folder = testFolder();
  let nodes: MeshNetwork[] = [];
  let client: MeshNetwork;
  const node = (at: number): MeshNetwork => nodes[at] as MeshNetwork;

  before(async () => {
    nodes = await startNodes(folder.path, NODES);
    await until("all know all", () => nodes.every(({ roster }) => roster.nodes().length === NODES - 1), LIMIT_MS);
  });

  after(async () => {
    await closeAll([...nodes, client]);
    folder[Symbol.dispose]();
  });

  test("a newcomer who asks a neighbour knows everybody, where they are and what they offer", async () => {
    client = await MeshNetwork.start({ ...clientOptions(folder.path, 100), bootstrap: node(4).addresses() });
    await until("the client knows all", () => client.roster.nodes().length === NODES, LIMIT_MS);
    for (const { id, addresses, domain, roomBytes, cares, state } of client.roster.nodes()) {
      const known = nodes.findIndex((other) => other.id === id) + 1;
      assert.deepEqual(addresses, [{ host: `127.1.${known}.1`, port: 9 }]);
      assert.equal(domain, failureDomain(`127.1.${known}.1`));
      assert.deepEqual([roomBytes, cares, state], [10 * 2 ** 30, true, "up"]);
    }
    for (const { roster } of nodes) assert.equal(roster.find(client.id), null, "a client was announced");
  });

  test("a record is kept by many, and whoever asks gets it, the newest of two", async () => {
    const owner = ed25519.createKeyPair();
    assert.equal(await client.records.get("owner", owner.publicKey), null);
    assert.ok((await client.records.put(record(owner, 1, "first"))) >= 3);
    assert.ok((await node(2).records.put(record(owner, 2, "second"))) >= 3);
    for (const asker of [client, node(7)]) {
      const found = await asker.records.get("owner", owner.publicKey);
      assert.deepEqual([found?.sequence, found?.value], [2, utf8Encode("second")]);
    }
  });

  test("what was seen once is not outdone by something older, and is not put over it", async () => {
    const owner = ed25519.createKeyPair();
    const [old, now] = [record(owner, 1), record(owner, 2)];
    await client.records.put(old);
    assert.equal((await node(3).records.get("owner", owner.publicKey))?.sequence, 1);
    await client.records.put(now);
    assert.equal((await node(3).records.get("owner", owner.publicKey))?.sequence, 2);
    await assert.rejects(node(3).records.put(old), { code: "mesh_record" });
  });

  test("gossip reaches everybody once, and what is judged wrong nobody", async () => {
    const heard = nodes.map(() => [] as string[]);
    const topics = nodes.map((each, at) => {
      const topic = each.topic("heads", (bytes) => (bytes[0] === 1 ? "take" : "reject"));
      topic.onMessage((bytes) => heard[at]?.push(bytes.join()));
      return topic;
    });
    const said = randomBytes(200).fill(1, 0, 1);
    await until("somebody listens", () => (topics[0]?.listeners() ?? 0) > 0, LIMIT_MS);
    await topics[0]?.publish(randomBytes(200).fill(2, 0, 1));
    await topics[0]?.publish(said);
    await until("all heard", () => heard.slice(1).every((each) => each.length > 0), LIMIT_MS);
    for (const each of heard.slice(1)) assert.deepEqual(each, [said.join()]);
    await assert.rejects(topics[0]?.publish(new Uint8Array(20_000)) ?? Promise.resolve(), { code: "message_too_long" });
  });

  test("a line carries 5 MB each way, and a sender waits for a reader who does not read", async () => {
    const sent = randomBytes(5_000_000);
    const taken: { line: Line; from: NodeId }[] = [];
    await node(5).onLine((line, from) => taken.push({ line, from }));
    await using line = await client.dial(node(5).id);
    await until("the line arrives", () => taken.length === 1, LIMIT_MS);
    const other = taken[0] as { line: Line; from: NodeId };
    assert.equal(other.from, client.id);

    let written = 0;
    const writing = (async () => {
      for (let at = 0; at < sent.length; at += 100_000) {
        await line.write(sent.subarray(at, at + 100_000));
        written += 100_000;
      }
    })();
    let before = -1;
    await until(
      "the sender waits",
      async () => {
        before = written;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return before > 0 && written === before;
      },
      LIMIT_MS,
    );
    assert.ok(written < 4_000_000, `${written} bytes were taken in without a reader`);
    const arrived = await collect(other.line, sent.length);
    await writing;
    assert.ok(equalBytes(arrived, sent));

    const [, back] = await Promise.all([other.line.write(sent), collect(line, sent.length)]);
    assert.ok(equalBytes(back, sent));
    await other.line[Symbol.asyncDispose]();
    for await (const rest of line.incoming) assert.fail(`${rest.length} bytes after the end`);
  });

  test("nobody is reached who is not there", async () => {
    await assert.rejects(client.dial(nodeIdOf(ed25519.createKeyPair().publicKey)), { code: "node_unreachable" });
  });

  test("a third stops, and records are still found", async () => {
    const owners = Array.from({ length: 6 }, () => ed25519.createKeyPair());
    for (const owner of owners) await client.records.put(record(owner, 1));
    await closeAll(nodes.splice(8, 4));
    for (const owner of owners) assert.equal((await node(1).records.get("owner", owner.publicKey))?.sequence, 1);
  });

  test("who is denied does not get in, and others do", async () => {
    const denied = ed25519.createKeyPair();
    await using strict = await MeshNetwork.start({
      ...nodeOptions(folder.path, 120),
      denied: { nodes: new Set([nodeIdOf(denied.publicKey)]), domains: new Set() },
    });
    await using stranger = await MeshNetwork.start({
      ...clientOptions(folder.path, 121),
      key: denied,
      bootstrap: strict.addresses(),
    });
    await using friend = await MeshNetwork.start({ ...clientOptions(folder.path, 122), bootstrap: strict.addresses() });
    await until("the other one gets in", () => friend.connected === 1 && strict.connected === 1, LIMIT_MS);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(stranger.connected, 0);
    await assert.rejects(stranger.records.get("owner", denied.publicKey), { code: "mesh_unreachable" });
  });
});

test("a network with a key is closed to who has none or another, and open to who has it", async () => {
  using folder = testFolder();
  const networkKey = randomBytes(32);
  await using inside = await MeshNetwork.start({ ...nodeOptions(folder.path, 1), networkKey });
  const join = (index: number, key: Uint8Array | null): Promise<MeshNetwork> =>
    MeshNetwork.start({ ...clientOptions(folder.path, index), networkKey: key, bootstrap: inside.addresses() });
  await using outsider = await join(2, null);
  await using other = await join(3, randomBytes(32));
  await using member = await join(4, networkKey);
  await until("the member gets in", () => member.connected === 1, LIMIT_MS);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([outsider.connected, other.connected], [0, 0]);
  assert.equal(inside.connected, 1);
});

test("a node that starts again has its records, knows who was there, and refuses what is older than it saw", async () => {
  using folder = testFolder();
  const owner = ed25519.createKeyPair();
  const [first, second] = (await startNodes(folder.path, 2)) as [MeshNetwork, MeshNetwork];
  await using stack = new AsyncDisposableStack();
  stack.use(first);
  stack.use(second);
  const key = ed25519.createKeyPair();
  await using third = await MeshNetwork.start({ ...nodeOptions(folder.path, 3, key), bootstrap: first.addresses() });
  await until(
    "all know all",
    () => [first, second, third].every(({ roster }) => roster.nodes().length === 2),
    LIMIT_MS,
  );
  await until("two keep it", async () => (await second.records.put(record(owner, 5))) === 2, LIMIT_MS);
  await closeAll([third, first]);

  // No bootstrap address: it finds the second by what it kept.
  await using again = await MeshNetwork.start(nodeOptions(folder.path, 3, key));
  await until("it finds somebody", () => again.connected === 1, LIMIT_MS);
  assert.equal(again.roster.nodes().length, 2);
  await closeAll([second]);
  await using asker = await MeshNetwork.start({ ...clientOptions(folder.path, 9), bootstrap: again.addresses() });
  await until("it is asked", () => asker.connected === 1, LIMIT_MS);
  assert.equal((await asker.records.get("owner", owner.publicKey))?.sequence, 5);
  await assert.rejects(asker.records.put(record(owner, 4)), { code: "mesh_record" });
});

describe("the attack: an old record is put over a newer one by libp2p itself", () => {
  const attack = async (store: (folder: string) => Datastore): Promise<Uint8Array | null> => {
    using folder = testFolder();
    const owner = ed25519.createKeyPair();
    const [old, now] = [record(owner, 1, "old"), record(owner, 2, "now")];
    const key = tableKey(recordPlace("owner", owner.publicKey));
    const datastore = store(folder.path);
    const [victim, attacker] = [await plainNode(datastore, 1), await plainNode(new MemoryDatastore(), 2)];
    await attacker.dial(victim.getMultiaddrs());
    for (const value of [now, old]) {
      await until("it is asked to keep it", async () => (await rawPut(attacker, key, value)) > 0, LIMIT_MS);
    }
    const kept: Uint8Array[] = [];
    for await (const event of victim.services.table.get(key)) if (event.name === "VALUE") kept.push(event.value);
    await Promise.all([victim.stop(), attacker.stop()]);
    return kept.some((value) => equalBytes(value, now)) ? now : (kept[0] ?? null);
  };

  test("it works on libp2p's own datastore", async () => {
    const kept = await attack(() => new MemoryDatastore());
    assert.ok(kept && Buffer.from(kept).includes("old"));
  });

  test("it does not on ours", async () => {
    const kept = await attack(
      (folder) => new RecordDatastore(openNetworkDatabase(folder), systemClock, sha256(new Uint8Array(1))),
    );
    assert.ok(kept && Buffer.from(kept).includes("now"));
  });
});

async function plainNode(datastore: Datastore, index: number): Promise<MeshLibp2p> {
  const node = await createNode({
    seed: randomBytes(32),
    datastore,
    clock: systemClock,
    gater: {},
    listen: [`/ip4/127.1.${index}.1/tcp/0`],
    announce: [],
    serves: true,
    findsNeighbours: false,
    relays: false,
    networkKey: null,
  });
  await node.start();
  return node;
}

/** Answers, of whatever kind. */
async function rawPut(node: MeshLibp2p, key: Uint8Array, value: Uint8Array): Promise<number> {
  let answers = 0;
  for await (const event of node.services.table.put(key, value)) {
    if (event.name === "QUERY_ERROR" || (event.name === "PEER_RESPONSE" && event.messageName === "PUT_VALUE"))
      answers++;
  }
  return answers;
}

test("a node that nobody reaches is reached by way of another, by who wants that", async () => {
  using folder = testFolder();
  await using relay = await MeshNetwork.start({ ...nodeOptions(folder.path, 1), relays: true });
  const there = { relays: true, bootstrap: relay.addresses() };
  await using hidden = await MeshNetwork.start({ ...nodeOptions(folder.path, 2), ...there, listen: null });
  await using asker = await MeshNetwork.start({ ...clientOptions(folder.path, 3), ...there });
  await using plain = await MeshNetwork.start({ ...clientOptions(folder.path, 4), ...there, relays: false });
  await hidden.onLine((line) => void echo(line));
  await until("it has an address", () => hidden.addresses().some((text) => text.includes("p2p-circuit")), LIMIT_MS);
  await until("it is known", () => asker.roster.find(hidden.id) !== null, LIMIT_MS);
  let found: Line | null = null;
  await until("it is reached", async () => (found = await asker.dial(hidden.id).catch(() => null)) !== null, LIMIT_MS);
  await using line = found as unknown as Line;
  await line.write(new Uint8Array(1_000).fill(7));
  assert.deepEqual(await collect(line, 1_000), new Uint8Array(1_000).fill(7));
  await assert.rejects(plain.dial(hidden.id), { code: "node_unreachable" });
});

async function echo(line: Line): Promise<void> {
  for await (const bytes of line.incoming) await line.write(bytes);
}

test("a port that is taken and an address that is none are said plainly", async () => {
  using folder = testFolder();
  await using node = await MeshNetwork.start(nodeOptions(folder.path, 1));
  const [address = ""] = node.addresses();
  const port = Number(/tcp\/(\d+)/.exec(address)?.[1]);
  const again = { ...nodeOptions(folder.path, 2), listen: { host: "127.1.1.1", port, announce: [] } };
  await assert.rejects(MeshNetwork.start(again), { code: "port_in_use" });
  await assert.rejects(MeshNetwork.start({ ...nodeOptions(folder.path, 3), bootstrap: ["127.0.0.1:4001"] }), {
    code: "bad_mesh_address",
  });
  assert.equal(parseMeshAddress(address).toString(), address);
  assert.ok(address.endsWith(peerIdOf(node.id).toString()));
});
