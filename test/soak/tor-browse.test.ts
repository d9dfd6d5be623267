/**
 * `nocturne browse` through a real Tor network: other programs reach sites by it, with the password alone, and each site and
 * each identity has a circuit of its own, as Tor itself tells.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { torOf } from "../../src/node/tor-of.ts";
import { PASSWORD, startProxy, startSite } from "../support/browse-world.ts";
import { atEnd, temporaryFolder } from "../support/cleanup.ts";
import { startCommand } from "../support/nocturne-process.ts";
import { missingForTor, startTorNetwork } from "../support/tor-network.ts";
import { findProgram } from "../support/tools.ts";
import { askUntil, waitUntil } from "../support/wait.ts";

const missing = missingForTor() ?? (findProgram("curl") === null ? "curl is not installed" : null);
if (missing !== null) console.error(`SKIPPED: browsing through Tor: ${missing}`);

const TOR_MS = 90_000;
const run = promisify(execFile);

test("sites are reached by Tor alone, each by a circuit of its own", {
  skip: missing ?? false,
  timeout: 240_000,
}, async (t) => {
  const network = await startTorNetwork({ told: (text) => t.diagnostic(text) });
  atEnd(t, () => network.stop());
  const env = { NOCTURNE_TORRC: network.extraTorrc };
  const command = startCommand(t, ["browse", "--json"], { dataDir: temporaryFolder(t), env });

  const site = await startSite(t, (request, response) => response.end(`hello ${request.headers.host}`));
  const config = { searchPath: process.env["PATH"] ?? "", torrc: network.extraTorrc };
  const bridges = () => ({ lines: [], plugins: [] });
  const tor = torOf({ config, folder: temporaryFolder(t), bridges, clock: systemClock, log: createLogger("silent") });
  atEnd(t, () => tor.close());
  tor.start();
  await waitUntil("Tor is up", () => tor.health().state === "up", TOR_MS);
  const publish = async () => {
    const said = await tor
      .control()
      ?.command("ADD_ONION", "NEW:ED25519-V3", "Flags=DiscardPK", `Port=80,127.0.0.1:${site}`);
    return `${/ServiceID=(\w{56})/.exec(JSON.stringify(said))?.[1]}.onion`;
  };
  const sites = [await publish(), await publish()];

  await waitUntil("nocturne browse is ready", () => command.stdout().includes("\n"), TOR_MS);
  const ready = JSON.parse(command.stdout()) as { event: string; socks: string; http: string; route: string };
  assert.deepEqual([ready.event, ready.route], ["ready", "tor"]);
  const curl = async (proxy: string, url: string): Promise<string> => {
    const asked = await run("curl", ["-sS", "--max-time", "30", "-x", proxy, url]).catch(() => ({ stdout: "" }));
    return asked.stdout;
  };
  for (const host of sites) {
    for (const proxy of [ready.socks, ready.http]) {
      const answered = await askUntil(
        host,
        () => curl(proxy, `http://${host}/`),
        (text) => text !== "",
        TOR_MS,
      );
      assert.equal(answered, `hello ${host}`);
    }
  }
  assert.equal(await curl(ready.socks.replace(/:\w{32}@/, ":wrong@"), `http://${sites[0]}/`), "");
  assert.equal(await curl(ready.socks, `http://127.0.0.1:${site}/`), "", "this machine is out of reach");
  assert.match(await curl(ready.http, `http://127.0.0.1:${site}/`), /address_refused/);

  const paths = new Map<string, string>();
  for (const epoch of ["1", "2"]) {
    const window = await startProxy(t, tor, { epoch, admission: PASSWORD });
    const proxy = `socks5h://${PASSWORD.user}:${PASSWORD.password.replace(" ", "%20")}@127.0.0.1:${window.port}`;
    for (const host of sites)
      await askUntil(
        host,
        () => curl(proxy, `http://${host}/`),
        (text) => text !== "",
        TOR_MS,
      );
    for (const { label } of window.sites()) paths.set(label, (await tor.circuitOf(label))?.id ?? "none");
  }
  t.diagnostic(`circuits: ${[...paths.values()].join(", ")}`);
  assert.equal(paths.size, 4);
  assert.ok(![...paths.values()].includes("none"));
  assert.equal(new Set(paths.values()).size, 4);

  assert.equal(await command.end("SIGINT"), 0, command.log());
});
