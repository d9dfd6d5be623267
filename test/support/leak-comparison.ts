/**
 * Leaks of browsers, counted: each trial of a browser runs in a network of its own with a default route and a resolver, where
 * every packet that leaves is seen. The last trial must not leak; all others are controls that must, or nothing would be seen.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { TestContext } from "node:test";
import type { Trial, TrialReport } from "./leak-trial.ts";
import { type Machine, makeStreet, missingForNamespaces, type Street } from "./network-namespace.ts";
import { requireTool, type Tool } from "./tools.ts";

const TRIAL = new URL("./leak-trial.ts", import.meta.url).pathname;
const SHOWN_PACKETS = 5;

interface Result {
  readonly packets: readonly string[];
  readonly report: TrialReport;
}

/** Runs the trials of one browser at once, of which the last must not leak and all others must. */
export async function compareLeaks(t: TestContext, tool: Tool, trials: readonly Trial[]): Promise<void> {
  const program = requireTool(t, tool);
  if (program === null) return;
  const missing = missingForNamespaces();
  if (missing !== null) {
    console.error(`SKIPPED: ${t.name}: ${missing}`);
    t.skip(missing);
    return;
  }
  const street = makeStreet(t, trials.length);
  addIpv6(street);
  const attempts = street.machines.map((machine, i) => attempt(machine, program, trials[i] as Trial));
  for (const [i, { packets, report }] of (await Promise.all(attempts)).entries()) {
    const { page, local, hosts, log } = report;
    const trial = trials[i] as Trial;
    const numbers = `${page?.tries} tries, ${hosts} hosts asked of the proxy, ${local} connections to this machine`;
    console.log(`${trial}: ${packets.length} packets leaked, ${numbers}`);
    for (const packet of packets.slice(0, SHOWN_PACKETS)) console.log(`  ${packet}`);
    assert.ok((page?.tries ?? 0) > 100, `the page did not run to its end under "${trial}": ${log}`);
    if (trial === trials.at(-1)) {
      assert.deepEqual(packets, []);
      assert.deepEqual(page?.learnt, [], "a page learnt addresses of this machine");
      assert.equal(local, 0, "a page reached a program of this machine");
      assert.ok(hosts > 10, `the proxy was asked for ${hosts} hosts only`);
    } else {
      assert.ok(packets.length > 0, `nothing leaked under "${trial}": this test would see no leak`);
      assert.ok(local > 0, `nothing of this machine was reached under "${trial}": this test would not see it`);
    }
  }
}

async function attempt(machine: Machine, program: string, trial: Trial): Promise<Result> {
  const capture = await machine.capture();
  const [ip = "", ...args] = machine.inside([process.execPath, TRIAL, program, trial]);
  const child = spawn(ip, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  await ended;
  const said = Buffer.concat(out).toString();
  assert.ok(said !== "", Buffer.concat(err).toString());
  const packets = capture.packets().map(({ line }) => line);
  await capture.stop();
  return { packets, report: JSON.parse(said) as TrialReport };
}

/** Browsers that can go by IPv6 do, and by names that have no IPv4. */
function addIpv6({ middle, machines }: Street): void {
  for (const [i, { name }] of machines.entries()) {
    const ends = [
      [middle.name, `w${i + 1}`, "1"],
      [name, "wire", "2"],
    ] as const;
    for (const [place, device, last] of ends) {
      execFileSync("ip", ["-n", place, "address", "add", `fd77:${i}::${last}/64`, "dev", device, "nodad"]);
    }
    execFileSync("ip", ["-n", name, "-6", "route", "add", "default", "via", `fd77:${i}::1`]);
  }
}
