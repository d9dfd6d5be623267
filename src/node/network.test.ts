/** The network of a node whose tor is a script: what it is told when the vault opens, and when bridges are chosen. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { testConfig } from "../../test/support/api-node.ts";
import { atEnd, temporaryFolder } from "../../test/support/cleanup.ts";
import { type ControlServer, startControlServer } from "../../test/support/control-server.ts";
import { waitUntil } from "../../test/support/wait.ts";
import { cookiePath } from "../route/tor/torrc.ts";
import { openServices, type Services } from "./services.ts";

const HOST = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead.onion";
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  "GETCONF UseBridges": ["250 UseBridges=0"],
  "GETINFO status/bootstrap-phase": [
    '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"',
    "250 OK",
  ],
};

async function open(t: TestContext): Promise<{ services: Services; server: ControlServer }> {
  const server = await startControlServer(t, { answer: (line) => ANSWERS[line] ?? ["250 OK"] });
  const dataDir = temporaryFolder(t);
  const folder = join(dataDir, "tor");
  symlinkSync(dirname(server.place.path), folder);
  mkdirSync(dirname(cookiePath(folder)));
  writeFileSync(cookiePath(folder), server.cookie);
  const services = await openServices({ ...testConfig(dataDir), embeddedRelay: false, route: "tor" }, {});
  atEnd(t, () => services.close());
  services.gate.begin();
  await becomes(services, "up");
  return { services, server };
}

function becomes({ network }: Services, state: string): Promise<void> {
  return waitUntil(`tor is ${state}`, () => network.health().some((one) => one.name === "tor" && one.state === state));
}

const visits = ({ commands }: ControlServer): number =>
  commands.filter((line) => line.startsWith(`ONION_CLIENT_AUTH_ADD ${HOST.slice(0, 56)} x25519:`)).length;
const lives = ({ heard }: ControlServer): number => heard.filter((line) => line.startsWith("AUTHCHALLENGE")).length;

test("a tor that began while the vault was locked is told after the unlock for which services there are keys", async (t) => {
  const { services, server } = await open(t);
  const line = await services.network.visitorLine(HOST);
  assert.match(line, /^descriptor:x25519:[A-Z2-7]{52}$/);
  assert.equal(await services.network.visitorLine(HOST.toUpperCase()), line, "one key for one service");
  const told = visits(server);
  await services.vault.setPassphrase("correct horse battery");
  await services.gate.lock();
  server.cut();
  await waitUntil("there is another life", () => lives(server) === 2);
  await becomes(services, "up");
  assert.equal(visits(server), told, "nobody can read the keys");
  await services.gate.unlock("correct horse battery");
  await waitUntil("it is told", () => visits(server) === told + 1);
});

test("bridges count at once: a tor that does not enter by them is not used any more; bad ones change nothing", async (t) => {
  const { services } = await open(t);
  const { network } = services;
  await assert.rejects(network.change({ bridges: { kind: "obfs4", lines: ["nonsense"] } }), { code: "bad_bridges" });
  const { bridges } = await network.view();
  assert.deepEqual([bridges.kind, bridges.lines, bridges.problem], ["none", [], null]);
  assert.deepEqual(
    bridges.choices.map(({ kind }) => kind),
    ["none", "obfs4", "snowflake", "custom"],
  );
  await network.change({ bridges: { kind: "custom", lines: ["Bridge 192.0.2.1:443"] } });
  await becomes(services, "down");
  const tor = network.health().find(({ name }) => name === "tor");
  assert.equal(tor?.problem?.code, "tor_other_bridges");
  await network.change({ bridges: { kind: "none" } });
  await becomes(services, "up");
});
