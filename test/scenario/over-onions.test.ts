/**
 * Two people whose machines reach nothing but a Tor network, who write to each other and share a file. What leaves their
 * machines is watched on the wire: packets to relays of that network, and nothing else, whatever happens to Tor.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Invite,
  LinkView,
  Message,
  NetworkView,
  Persona,
  RelayState,
  SendResult,
  Status,
  VisitorLine,
} from "../../src/api/contract.ts";
import {
  type Capture,
  makeStreet,
  type Machine,
  missingForNamespaces,
  type Packet,
} from "../support/network-namespace.ts";
import {
  freePort,
  type NocturneProcess,
  runCli,
  startCommand,
  startNocturne,
  temporaryFolder,
} from "../support/nocturne-process.ts";
import { connectControl } from "../../src/route/tor/control-client.ts";
import { controlListening, cookiePath } from "../../src/route/tor/torrc.ts";
import { ask, befriend, deliver } from "../support/people.ts";
import { missingForTor, startTorNetwork, type TorNetwork } from "../support/tor-network.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

const TOR_UP_MS = 60_000;
/** Long enough for one who could. */
const REFUSED_MS = 3_000;

const missing = missingForTor() ?? missingForNamespaces();

interface Person {
  readonly machine: Machine;
  readonly capture: Capture;
  readonly env: Record<string, string>;
  node: NocturneProcess;
}

let network: TorNetwork;

/** What a machine sent or got that was not for a relay of the Tor network. */
function astray({ capture, machine }: Person): Packet[] {
  const relays = network.relays.map(({ address, orPort }) => `${address}.${orPort}`);
  const dirs = network.dirPorts.map((port) => `${network.address}.${port}`);
  const known = new Set([...relays, ...dirs]);
  const isOurs = (end: string): boolean => end.startsWith(`${machine.address}.`);
  return capture.packets().filter(({ protocol, from, to }) => {
    const [here, there] = isOurs(from) ? [from, to] : [to, from];
    return protocol !== "tcp" || !isOurs(here) || !known.has(there);
  });
}

async function startPerson(t: TestContext, machine: Machine): Promise<Person> {
  const capture = await machine.capture();
  t.after(() => capture.stop());
  const env = { NOCTURNE_TORRC: network.extraTorrc };
  const args = ["--route", "tor"];
  const node = await startNocturne(t, { wrap: machine.inside, env, args });
  await ask(node, "PATCH", "/network", { onionRelay: true, onionLinks: true });
  return { machine, capture, env, node };
}

async function untilServed({ node }: Person): Promise<NetworkView> {
  for (const deadline = Date.now() + TOR_UP_MS; Date.now() < deadline; await sleep(200)) {
    const view = await ask<NetworkView>(node, "GET", "/network");
    if (view.services.every(({ state }) => state === "up")) return view;
  }
  throw new Error(`no onion services in time:\n${node.log()}`);
}

/** The tor that a node has started. */
function torOf({ node }: Person): number {
  return Number(
    execFileSync("pgrep", ["-P", `${node.pid}`, "-x", "tor"])
      .toString()
      .trim(),
  );
}

/** Ids of circuits that carry open streams to each of these hosts with ports, as the control port of its tor tells. */
async function circuitsTo({ node }: Person, hosts: readonly string[]): Promise<string[][]> {
  const folder = join(node.dataDir, "tor");
  const place = controlListening(folder);
  assert.ok("path" in place);
  const control = await connectControl(place, readFileSync(cookiePath(folder)));
  try {
    const text = (await control.getInfo("stream-status")).get("stream-status") ?? "";
    const streams = text.split("\n").map((line) => line.split(" ")); // id, state, circuit, target
    return hosts.map((host) => [
      ...new Set(streams.flatMap(([, , circuit = "", to]) => (to === host ? [circuit] : []))),
    ]);
  } finally {
    control.close();
  }
}

async function send(from: NocturneProcess, to: NocturneProcess, text: string): Promise<string> {
  return (await ask<SendResult>(from, "POST", "/messages", { to: to.npub, text })).id;
}

async function stateOf(node: NocturneProcess, id: string, timeoutS: number): Promise<string> {
  return (await ask<SendResult>(node, "GET", `/messages/${id}/wait?state=delivered&timeoutS=${timeoutS}`)).state;
}

test("two people over onion services alone", { skip: missing ?? false, timeout: 240_000 }, async (t) => {
  const street = makeStreet(t, 2);
  network = await startTorNetwork({ namespace: street.middle, told: (text) => t.diagnostic(text) });
  t.after(() => network.stop());
  const [first, second] = street.machines as [Machine, Machine];
  const [alice, bob] = await Promise.all([startPerson(t, first), startPerson(t, second)]);

  await t.test("they meet, and write to each other", async () => {
    const [view] = await Promise.all([untilServed(alice), untilServed(bob)]);
    const { link } = await ask<Invite>(alice.node, "POST", "/invites");
    assert.ok(link.length > 0);
    const own = view.uses.find(({ what }) => what === `ws://${view.services[0]?.host}`);
    assert.deepEqual([own?.route, own?.state], ["local", "connected"], "one's own relay is reached on this machine");
    await befriend(alice.node, bob.node, { host: "alice", guest: "bob" });
    await deliver(alice.node, bob.node, "hello over onions");
    await deliver(bob.node, alice.node, "and back");
    const { uses } = await ask<NetworkView>(bob.node, "GET", "/network");
    assert.ok(
      uses.some(({ what, route, state }) => what.includes(".onion") && route === "tor" && state === "connected"),
    );
  });

  await t.test("a one-time link gives its file once, from any machine with Tor", async () => {
    const content = randomBytes(300_000);
    const path = join(temporaryFolder(t), "plans.bin");
    writeFileSync(path, content);
    const { json: file } = await alice.node.run<{ id: string }>(["files", "put", path, "--json"]);
    const { json: link } = await alice.node.run<LinkView>(["files", "link", file.id, "--mode", "one-time", "--json"]);
    assert.match(link.url, /^http:\/\/[a-z2-7]{56}\.onion\/s\//);
    const cwd = temporaryFolder(t);
    const fetching = { cwd, wrap: second.inside, env: bob.env, dataDir: bob.node.dataDir, stdin: link.url };
    const fetched = await runCli(["files", "fetch", "--json", "-o", join(cwd, "got.bin")], fetching);
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.deepEqual(readFileSync(join(cwd, "got.bin")), content);
    const again = await runCli(["files", "fetch", "--json", "-o", join(cwd, "again.bin")], fetching);
    assert.notEqual(again.code, 0, "it is used up");
  });

  await t.test("a file in a message comes the same way", async () => {
    const path = join(temporaryFolder(t), "note.txt");
    writeFileSync(path, "from hand to hand");
    const { json: file } = await bob.node.run<{ id: string }>(["files", "put", path, "--json"]);
    await deliver(bob.node, alice.node, "see", [file.id]);
    const { json } = await alice.node.run<Message[]>(["inbox", "--json"]);
    const message = [json].flat().findLast(({ text }) => text === "see");
    const { file: id } = { file: message?.files[0]?.id };
    const out = join(temporaryFolder(t), "note.txt");
    const received = await alice.node.run(["files", "receive", `${message?.id}`, `${id}`, "-o", out]);
    assert.equal(received.code, 0, received.stderr);
    assert.equal(readFileSync(out, "utf8"), "from hand to hand");
  });

  await t.test(
    "three people of one machine go three ways, and a relay of somebody else is reached by its onion address",
    async () => {
      const inMiddle = (command: readonly string[]): readonly string[] => [
        "ip",
        "netns",
        "exec",
        street.middle.name,
        ...command,
      ];
      const port = await freePort();
      const args = ["relay", "--json", "--host", "0.0.0.0", "--port", `${port}`, "--onion"];
      const place = { dataDir: temporaryFolder(t), env: alice.env, wrap: inMiddle };
      const relay = startCommand(t, args, place);
      const addresses = street.middle.others.slice(0, 3).map((address) => `ws://${address}:${port}`);
      const [mine = "", first = "", second = ""] = addresses;
      await ask(alice.node, "PATCH", "/settings", { relays: [mine] });
      for (const [label, url] of Object.entries({ first, second }))
        await ask(alice.node, "POST", "/personas", { label, relays: [url] });
      const isOpen = (relays: readonly RelayState[]): boolean => relays.every(({ state }) => state === "connected");
      await askUntil(
        "personas are connected",
        () => ask<Persona[]>(alice.node, "GET", "/personas"),
        (all) => all.every(({ relays }) => isOpen(relays)),
        TOR_UP_MS,
      );
      await askUntil(
        "their owner, too",
        () => ask<Status>(alice.node, "GET", "/status"),
        ({ relays }) => isOpen(relays),
        TOR_UP_MS,
      );
      const circuits = await circuitsTo(
        alice,
        addresses.map((url) => new URL(url).host),
      );
      for (const [i, own] of circuits.entries()) {
        assert.ok(own.length > 0, `no circuit to ${addresses[i]}`);
        const others = circuits.flatMap((ids, j) => (i === j ? [] : ids));
        assert.deepEqual(
          own.filter((id) => others.includes(id)),
          [],
          "a circuit of somebody else",
        );
      }
      t.diagnostic(`circuits of three people: ${circuits.map((ids) => ids.join("+")).join(", ")}`);
      await waitUntil("the relay is told to the network", () => /reached at ws:/.test(relay.log()), TOR_UP_MS);
      const [, onion = ""] = /reached at (ws:\S+)/.exec(relay.log()) ?? [];
      await ask(alice.node, "PATCH", "/settings", { relays: [onion] });
      await askUntil(
        "it is reached",
        () => ask<Status>(alice.node, "GET", "/status"),
        ({ relays }) => relays.some(({ url }) => url === onion) && isOpen(relays),
        TOR_UP_MS,
      );
      // From now on Alice alone: her key goes to the operator, who starts it anew.
      await relay.end();
      const { json: visitor } = await alice.node.run<VisitorLine>(["route", "key", new URL(onion).hostname, "--json"]);
      const closed = startCommand(t, [...args, "--onion-client", visitor.line], place);
      await waitUntil("it is told again", () => /reached at ws:/.test(closed.log()), TOR_UP_MS);
      await ask(bob.node, "PATCH", "/settings", { relays: [onion] });
      const reaches = async ({ node }: Person): Promise<boolean> => {
        const { relays } = await ask<Status>(node, "GET", "/status");
        return relays.some(({ url, state }) => url === onion && state === "connected");
      };
      await askUntil("who has the key reaches it", () => reaches(alice), Boolean, TOR_UP_MS);
      await sleep(REFUSED_MS);
      assert.equal(await reaches(bob), false, "who has none does not");
      for (const { node } of [alice, bob]) await ask(node, "PATCH", "/settings", { relays: [] });
      for (const { id } of await ask<Persona[]>(alice.node, "GET", "/personas"))
        await ask(alice.node, "DELETE", `/personas/${id}`);
    },
  );

  await t.test("Tor killed in the middle: nothing goes another way, and all comes after its restart", async () => {
    const [mine, hers] = [torOf(bob), torOf(alice)];
    process.kill(hers, "SIGKILL");
    process.kill(mine, "SIGKILL");
    const ids = [await send(bob.node, alice.node, "while it is dead"), await send(alice.node, bob.node, "here too")];
    assert.equal(await stateOf(bob.node, ids[0] as string, 60), "delivered");
    assert.equal(await stateOf(alice.node, ids[1] as string, 60), "delivered");
    assert.notEqual(torOf(bob), mine);
  });

  await t.test("Tor stopped in the middle: nothing goes another way, and all comes once it goes on", async () => {
    const pid = torOf(bob);
    process.kill(pid, "SIGSTOP");
    try {
      const id = await send(bob.node, alice.node, "while it hangs");
      assert.notEqual(await stateOf(bob.node, id, 6), "delivered");
      const isDown = ({ routes }: Status): boolean =>
        routes.some(({ name, state }) => name === "tor" && state === "down");
      await askUntil("the node says so", () => ask<Status>(bob.node, "GET", "/status"), isDown);
      process.kill(pid, "SIGCONT");
      assert.equal(await stateOf(bob.node, id, 60), "delivered");
    } finally {
      if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGCONT");
    }
  });

  await t.test("nothing but packets to the Tor network was on the wires", async () => {
    for (const person of [alice, bob]) {
      const all = person.capture.packets().length;
      assert.deepEqual(astray(person), []);
      assert.ok(all > 500, `only ${all} packets were seen`);
      t.diagnostic(`${person.machine.name}: ${all} packets, 0 astray`);
    }
  });

  await t.test("the wire shows what is not hidden", async () => {
    const { node, machine, env } = bob;
    await node.end();
    const shown = await startNocturne(t, {
      wrap: machine.inside,
      env,
      dataDir: node.dataDir,
      args: ["--relay", "ws://relay.example", "--route", "direct"],
    });
    for (let i = 0; i < 100 && astray(bob).length === 0; i++) await sleep(100);
    assert.ok(
      astray(bob).some(({ to }) => to.endsWith(".53")),
      "the question for a name is seen",
    );
    await shown.end();
  });
});
