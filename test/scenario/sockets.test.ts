/**
 * Every socket that a node opens, as the system saw it (strace), while it is asked for all that could leave: with Tor as
 * the usual way none leads off this machine, not even the question for a name. The same node without it is the control.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeStreet, type Machine, missingForNamespaces } from "../support/network-namespace.ts";
import { runCli, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { ask } from "../support/people.ts";
import { missingForTor } from "../support/tor-network.ts";

const WORK_MS = 4_000;
/** Nobody's; only that it is asked for counts. */
const STRANGER = "npub1sn0wdenkukak0d9dfczzeacvhkrgz92ak56egt7vdgzn8pv2wfqqhrjdv9";
const LINK = "http://files.example/s/abcdefghijklmnop#AAECAwQFBgcICQoLDA0ODw";
const TRACED = ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-s", "0"];

function missing(): string | null {
  try {
    execFileSync("strace", ["-V"], { stdio: "ignore" });
  } catch {
    return "needs strace";
  }
  return missingForTor() ?? missingForNamespaces();
}

/** Where to: addresses with ports of all traced calls that name one beyond this machine. */
function placesIn(trace: string): string[] {
  const found = trace.matchAll(
    /sin6?_port=htons\((\d+)\),[^}]*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")/g,
  );
  return [...found].flatMap(([, port, v4, v6]) => {
    const address = v4 ?? v6 ?? "";
    return /^127\.|^::1$/.test(address) ? [] : [`${address}:${port}`];
  });
}

/** Starts a node with relays, a bucket, a persona and a stranger to look for, and gives what it connected to. */
async function placesOf(
  t: TestContext,
  machine: Machine,
  route: "direct" | "tor",
): Promise<{ places: string[]; trace: string }> {
  const folder = temporaryFolder(t);
  const [traced, torrc] = [join(folder, "trace"), join(folder, "torrc")];
  writeFileSync(torrc, "DisableNetwork 1\n"); // the tor itself stays silent: here only we are watched
  const env = {
    NOCTURNE_TORRC: torrc,
    NOCTURNE_STORE: "https://bucket.example/nocturne",
    NOCTURNE_STORE_KEY: "id:secret",
  };
  const wrap = (command: readonly string[]): readonly string[] => machine.inside([...TRACED, "-o", traced, ...command]);
  const node = await startNocturne(t, {
    wrap,
    env,
    args: ["--route", route, "--relay", "ws://relay.example", "--chaff", "60"],
  });
  await ask(node, "PATCH", "/settings", { relays: ["wss://other-relay.example"] });
  await ask(node, "POST", "/personas", { label: "somebody", relays: ["ws://persona-relay.example"] });
  const lookedFor = ask(node, "POST", "/contacts", { invite: STRANGER, name: "stranger" }).catch(() => {});
  const path = join(folder, "file.txt");
  writeFileSync(path, "for the bucket");
  assert.equal((await node.run(["files", "put", path])).code, 0);
  const fetchTrace = join(folder, "fetch-trace");
  const fetching = (command: readonly string[]): readonly string[] =>
    machine.inside([...TRACED, "-o", fetchTrace, ...command]);
  const fetched = runCli(["files", "fetch", "--route", route], {
    cwd: folder,
    wrap: fetching,
    env,
    stdin: LINK,
    dataDir: node.dataDir,
    limitMs: WORK_MS,
  });
  await sleep(WORK_MS);
  await node.end();
  await Promise.all([fetched, lookedFor]);
  const trace = readFileSync(traced, "utf8") + readFileSync(fetchTrace, "utf8");
  return { places: placesIn(trace), trace };
}

test("no socket leads off this machine but by the route", { skip: missing() ?? false }, async (t) => {
  const [machine, other] = makeStreet(t, 2).machines as [Machine, Machine];
  const capture = await machine.capture();
  const [hidden, shown] = await Promise.all([placesOf(t, machine, "tor"), placesOf(t, other, "direct")]);
  assert.deepEqual(hidden.places, []);
  assert.deepEqual(capture.packets(), [], "and nothing was on the wire");
  await capture.stop();
  assert.ok(hidden.trace.split("\n").length > 5, "it was watched");
  assert.ok(
    shown.places.some((place) => place.endsWith(":53")),
    "the control asks for names",
  );
  t.diagnostic(`by Tor: 0 places beyond this machine; straight: ${new Set(shown.places).size}`);
});
