/**
 * Two machines of a test that have only each other: a switch between them, no router, no route to anywhere else.
 *
 *   left (10.80.1.1, 10.80.2.1 ...) --wire-- switch --wire-- right (10.80.101.1 ...)        one network, 10.80.0.0/16
 *                                            cut() takes one of the plugs out
 *
 * Each machine may have many addresses, so that what runs there counts as many houses. Groups (multicast) are heard on the
 * wire, as in any local network.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import process from "node:process";
import type { TestContext } from "node:test";
import { atEnd } from "./cleanup.ts";
import { ip, type Machine, machineOf, namespacesOf, type Packet } from "./network-namespace.ts";

export interface Wire {
  readonly left: Machine;
  readonly right: Machine;
  cut(): void;
  mend(): void;
}

const BITS = 16;
const OURS = /^10\.80\.\d+\.\d+(\.\d+)?$/;
const MDNS = "224.0.0.251.5353";

/** `left` and `right`: addresses within 10.80.0.0/16, the first of which is the machine's own. */
export function makeWire(t: TestContext, left: readonly string[], right: readonly string[]): Wire {
  const create = namespacesOf(t);
  const middle = create("s");
  ip("-n", middle, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0", "forward_delay", "0");
  ip("-n", middle, "link", "set", "switch", "up");
  const plug = (name: string, addresses: readonly string[]): Machine => {
    ip("-n", middle, "link", "add", name, "type", "veth", "peer", "name", "wire", "netns", name);
    ip("-n", middle, "link", "set", name, "master", "switch", "up");
    for (const address of addresses) ip("-n", name, "addr", "add", `${address}/${BITS}`, "dev", "wire");
    ip("-n", name, "link", "set", "wire", "multicast", "on", "up");
    ip("-n", name, "route", "add", "224.0.0.0/4", "dev", "wire");
    return machineOf(name, addresses[0] as string);
  };
  const [one, other] = [plug(create("l"), left), plug(create("r"), right)];
  return {
    left: one,
    right: other,
    cut: () => ip("-n", middle, "link", "set", other.name, "down"),
    mend: () => ip("-n", middle, "link", "set", other.name, "up"),
  };
}

/** A packet that was neither between the two machines nor a word to everybody in their network. */
export function isAstray({ protocol, from, to }: Packet): boolean {
  return !OURS.test(from) || !(OURS.test(to) || (protocol === "udp" && to === MDNS));
}

/** How often something on this machine tried to reach what no route leads to. */
export function triedWithoutRoute(machine: Machine): number {
  const [program = "", ...args] = machine.inside(["cat", "/proc/net/snmp"]);
  const lines = execFileSync(program, args).toString().split("\n");
  const [names = "", values = ""] = lines.filter((line) => line.startsWith("Ip:"));
  const at = names.split(" ").indexOf("OutNoRoutes");
  return Number(values.split(" ")[at]);
}

/** A program of ours on that machine, with a channel to it; it ends with the test. */
export function forkInside(t: TestContext, machine: Machine, program: string, args: readonly string[]): ChildProcess {
  const [execPath = "", ...execArgv] = machine.inside([process.execPath, "--disable-warning=ExperimentalWarning"]);
  const child = fork(program, args, { execPath, execArgv, serialization: "advanced" });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  atEnd(t, async () => {
    child.kill("SIGKILL");
    await gone;
  });
  return child;
}
