/**
 * Machines of a test: network namespaces, each with a wire to a namespace in the middle, which is all that it can reach.
 *
 *   person (10.77.1.2) --wire-- middle (10.77.0.1, and everything else) --wire-- person (10.77.2.2)
 *
 * The middle is the default route, so that whatever a program sends anywhere crosses the wire, where tcpdump sees it. A
 * namespace that this process did not make is never touched.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { atEnd } from "./cleanup.ts";

/** What this machine lacks for it, as a reason to skip; null when it has all. */
export function missingForNamespaces(): string | null {
  try {
    execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
    execFileSync("unshare", ["-n", "true"], { stdio: "ignore" });
    execFileSync("tcpdump", ["--version"], { stdio: "ignore" });
    return null;
  } catch {
    return "needs root, ip (iproute2), unshare and tcpdump";
  }
}

export interface Packet {
  /** `tcp`, `udp` or another word of tcpdump. */
  readonly protocol: string;
  /** Address, with the port behind a dot as tcpdump writes it. */
  readonly from: string;
  readonly to: string;
  readonly line: string;
}

export interface Capture {
  /** What this machine sent and got so far, but for what wires say among themselves (ARP, ND, IGMP). */
  packets(): Packet[];
  stop(): Promise<void>;
}

export interface Machine {
  /** Of its namespace. */
  readonly name: string;
  readonly address: string;
  /** Program and arguments so that they run there. */
  inside(command: readonly string[]): readonly string[];
  capture(): Promise<Capture>;
}

export interface Street {
  readonly middle: {
    readonly name: string;
    readonly address: string;
    /** More addresses of it, for what is to look like other places. */
    readonly others: readonly string[];
  };
  readonly machines: readonly Machine[];
}

let streets = 0;
const MIDDLE = "10.77.0.1";
const OTHERS = ["10.77.0.11", "10.77.0.12", "10.77.0.13"] as const;
/** Nobody answers there, and the question has to cross the wire. */
const RESOLVER = "198.51.100.53";

/** Makes namespaces that go when the test ends; each by its own ending. Nothing is in one but its loopback. */
export function namespacesOf(t: TestContext): (ending: string) => string {
  const prefix = `nt${process.pid % 100_000}${"abcdefghij"[streets++ % 10]}`;
  const made: string[] = [];
  const clear = (): void => {
    for (const name of made.splice(0)) {
      quiet("ip", ["netns", "del", name]);
      rmSync(join("/etc/netns", name), { recursive: true, force: true });
    }
  };
  process.once("exit", clear); // also when a test breaks off
  atEnd(t, async () => {
    clear();
    process.removeListener("exit", clear);
  });
  return (ending) => {
    const name = `${prefix}${ending}`;
    ip("netns", "add", name);
    made.push(name);
    ip("-n", name, "link", "set", "lo", "up");
    mkdirSync(join("/etc/netns", name), { recursive: true });
    writeFileSync(join("/etc/netns", name, "resolv.conf"), `nameserver ${RESOLVER}\noptions timeout:1 attempts:1\n`);
    return name;
  };
}

/** So many machines around a middle, until the test ends. */
export function makeStreet(t: TestContext, count: number): Street {
  const create = namespacesOf(t);
  const middle = create("m");
  for (const address of [MIDDLE, ...OTHERS]) ip("-n", middle, "addr", "add", `${address}/32`, "dev", "lo");
  const machines = Array.from({ length: count }, (_, i) => connect(create(`${i}`), middle, i + 1));
  return { middle: { name: middle, address: MIDDLE, others: OTHERS }, machines };
}

function connect(name: string, middle: string, number: number): Machine {
  const [address, gateway] = [`10.77.${number}.2`, `10.77.${number}.1`];
  ip("-n", middle, "link", "add", `w${number}`, "type", "veth", "peer", "name", "wire", "netns", name);
  ip("-n", middle, "addr", "add", `${gateway}/30`, "dev", `w${number}`);
  ip("-n", middle, "link", "set", `w${number}`, "up");
  ip("-n", name, "addr", "add", `${address}/30`, "dev", "wire");
  ip("-n", name, "link", "set", "wire", "up");
  ip("-n", name, "route", "add", "default", "via", gateway);
  return machineOf(name, address);
}

/** In this namespace, whose only device but loopback is called `wire`. */
export function machineOf(name: string, address: string): Machine {
  const inside = (command: readonly string[]): readonly string[] => ["ip", "netns", "exec", name, ...command];
  return { name, address, inside, capture: () => capture(inside) };
}

/** What says nothing of where somebody goes: neighbours asking for each other, and memberships of groups. */
const WIRE_TALK = "not arp and not igmp and not (icmp6 and ip6[40] >= 130) and not ip6 proto 0";

async function capture(inside: Machine["inside"]): Promise<Capture> {
  const [program = "", ...args] = inside([
    "tcpdump",
    "-i",
    "wire",
    "-nn",
    "-q",
    "-t",
    "-l",
    "--immediate-mode",
    WIRE_TALK,
  ]);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  for (let i = 0; i < 100 && !/listening on/.test(said); i++) await sleep(50);
  if (!/listening on/.test(said)) throw new Error(`tcpdump does not listen: ${said}`);
  const packets = (): Packet[] => text.split("\n").flatMap(readLine);
  return { packets, stop: () => stop(child) };
}

/** `IP 10.77.1.2.40022 > 10.77.0.1.20001: tcp 100`; for IPv6 `IP6 ...`. */
function readLine(line: string): Packet[] {
  const [, from, to, rest] = /^IP6? (\S+) > (\S+): ?(.*)$/.exec(line) ?? [];
  if (from === undefined || to === undefined)
    return line.trim() === "" ? [] : [{ protocol: "other", from: "", to: "", line }];
  return [{ protocol: (/^\w+/.exec(rest ?? "")?.[0] ?? "").toLowerCase(), from, to, line }];
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
}

/** Throws what `ip` said when it failed. */
export function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function quiet(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } catch {
    // gone already
  }
}
