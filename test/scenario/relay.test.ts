/** A relay of somebody else's between two people: what it holds outlives it, and so do they. */
import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { createFullCell } from "../../src/relay/testing.ts";
import { meet, texts, until } from "../support/acquaintance.ts";
import { KIND } from "../../src/nostr/kinds.ts";
import { formOf } from "../support/cells.ts";
import { temporaryFolder } from "../support/cleanup.ts";
import {
  freePort,
  type NocturneProcess,
  runCli,
  startNocturne,
  startRelayProcess,
} from "../support/nocturne-process.ts";
import { createPool } from "../support/route.ts";
import { askUntil } from "../support/wait.ts";

interface Place {
  readonly dataDir: string;
  readonly port: number;
}

interface Relay {
  readonly url: string;
  readonly state: string;
}

test("a relay alone: ready line, its description, an orderly end by either signal, the same port again", async (t) => {
  const place = { dataDir: temporaryFolder(t), port: await freePort() };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const relay = await startRelayProcess(t, place);
    assert.equal(relay.url, `ws://127.0.0.1:${place.port}`);
    const response = await fetch(relay.url.replace("ws:", "http:"), {
      headers: { accept: "application/nostr+json" },
    });
    assert.ok(((await response.json()) as { supported_nips: number[] }).supported_nips.includes(42));
    assert.equal(await relay.end(signal), 0, relay.log());
    assert.equal(relay.stdout().split("\n").length, 2, "one line, and nothing after it");
  }
  assert.equal(statSync(join(place.dataDir, "relay")).mode & 0o777, 0o700);
});

test("a relay with chaff gets cells that nobody sent, and ends in order", async (t) => {
  const place = { dataDir: temporaryFolder(t), port: await freePort(), args: ["--chaff", "3600"] };
  const relay = await startRelayProcess(t, place);
  const pool = createPool(t);
  const cells = await until("two cells are there", async () => {
    const stored = await pool.fetch(relay.url, [{ kinds: [KIND.cell] }], 5_000);
    return stored.length >= 2 && stored;
  });
  assert.equal(new Set(cells.map(formOf)).size, 1);
  await pool.close();
  assert.equal(await relay.end("SIGTERM"), 0, relay.log());
});

test("what a relay cannot do it says: port taken, store taken, no such address, other stores", async (t) => {
  const dataDir = temporaryFolder(t);
  const port = await freePort();
  await startRelayProcess(t, { dataDir, port });
  const refusal = async (words: RegExp, folder: string, ...args: string[]): Promise<number | null> => {
    const { code, stderr } = await runCli(["relay", ...args], { dataDir: folder });
    assert.match(stderr, words);
    assert.doesNotMatch(stderr, /\n\s+at /);
    return code;
  };
  const other = temporaryFolder(t);
  assert.equal(await refusal(new RegExp(`port ${port}.*--port`), other, "--port", `${port}`), 1);
  assert.equal(await refusal(/in use/, dataDir, "--port", "0"), 1);
  assert.equal(await refusal(/no address/, other, "--port", "0", "--host", "192.0.2.1"), 2);
  assert.equal(await refusal(/--chaff 120/, other, "--port", "0", "--chaff", "3601"), 2);
  assert.equal(await refusal(/--port/, other, "--port", "99999"), 2);
  assert.equal(await refusal(/not available/, other, "--store", "postgres://localhost/x"), 5);
  assert.equal(await refusal(/not available/, other, "--fanout", "nats://localhost"), 5);
  assert.equal(await refusal(/--config/, other, "--config", join(import.meta.dirname, "relay.test.ts")), 2);
});

test("two relays that mirror each other: one by flag, one by file; a cell at one is at the other", async (t) => {
  const [first, second] = await Promise.all(
    [0, 1].map(async () => ({ dataDir: temporaryFolder(t), port: await freePort() })),
  );
  const config = join(temporaryFolder(t), "relay.json");
  writeFileSync(config, JSON.stringify({ mirror: `ws://127.0.0.1:${first?.port}` }));
  const args = ["--mirror", `ws://127.0.0.1:${second?.port}`];
  const relays = [
    await startRelayProcess(t, { ...(first as Place), args }),
    await startRelayProcess(t, { ...(second as Place), args: ["--config", config] }),
  ];
  const pool = createPool(t);
  const cells = [createFullCell(), createFullCell()];
  for (const [i, { url }] of relays.entries()) await pool.publish(url, cells[i] as NostrEvent);
  for (const { url } of relays) {
    const read = () => pool.fetch(url, [{ kinds: [4522] }], 5_000);
    await askUntil("both cells", read, ({ length }) => length === 2);
  }
  for (const relay of relays) assert.equal(await relay.end(), 0, relay.log());
  const wrong = await runCli(["relay", "--mirror", "https://relay.example"], { dataDir: temporaryFolder(t) });
  assert.equal(wrong.code, 2);
});

test("two people over a relay of a third: messages outlast its crash, and a person who is away", async (t) => {
  const place = { dataDir: temporaryFolder(t), port: await freePort() };
  const relay = await startRelayProcess(t, place);
  const args = ["--relay", relay.url, "--no-embedded-relay"];
  const alice = await startNocturne(t, { args });
  const bob = await startNocturne(t, { args: ["--relay", relay.url] });
  assert.equal(alice.relay, null);
  assert.deepEqual(
    (await relaysOf(alice)).map(({ url }) => url),
    [relay.url],
  );
  await meet(alice, bob);
  await deliver(alice, "bob", "from alice");
  await deliver(bob, "alice", "from bob");

  await alice.end("SIGKILL");
  const away = await bob.run<{ state: string }>(["send", "alice", "while you were away", "--wait", "sent", "--json"]);
  assert.deepEqual([away.code, away.json.state], [0, "sent"], "the relay has taken it");
  await relay.end("SIGKILL");
  const queued = await bob.run<{ state: string }>(["send", "alice", "while it was down", "--json"]);
  assert.deepEqual([queued.code, queued.json.state], [0, "queued"]);
  const again = await startRelayProcess(t, place);
  const back = await startNocturne(t, { dataDir: alice.dataDir, ports: alice.ports, args });
  assert.deepEqual(await texts(back, 3), ["from bob", "while you were away", "while it was down"]);
  await deliver(back, "bob", "all is here");
  assert.deepEqual(await texts(bob, 2), ["from alice", "all is here"]);

  assert.equal(await again.end("SIGTERM"), 0);
  await until("the loss of the relay shows", async () => (await relaysOf(back))[0]?.state === "waiting");
  await startRelayProcess(t, place);
  await until("it is found again", async () => (await relaysOf(back))[0]?.state === "connected");
});

async function relaysOf(node: NocturneProcess): Promise<readonly Relay[]> {
  return (await node.run<{ relays: readonly Relay[] }>(["status", "--json"])).json.relays;
}

async function deliver(from: NocturneProcess, to: string, text: string): Promise<void> {
  const sent = await from.run(["send", to, text, "--wait", "delivered", "--timeout", "45"]);
  assert.equal(sent.code, 0, sent.stderr);
}
