/**
 * A private Tor network of real `tor` processes, for tests and benches: three authorities, relays that are exits, and on
 * request an obfs4 bridge.
 *
 *   keys -> authorities and relays start -> they agree on a consensus -> all have all descriptors -> clients may come
 *
 * Everything is on loopback, or in one network namespace on one address, so that clients elsewhere reach it by a wire.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { findProgram } from "./tools.ts";

const run = promisify(execFile);

export interface TorNetworkOptions {
  /** Relays that are exits, beside the authorities. */
  readonly exits?: number;
  readonly bridge?: boolean;
  /** Of obfs4; 0 sends as fast as it can. */
  readonly iatMode?: 0 | 1 | 2;
  /** Where the relays run, and on which address of it; else on 127.0.0.1 of this process's own. */
  readonly namespace?: { readonly name: string; readonly address: string };
  /** Told how long each step took. */
  readonly told?: (text: string) => void;
}

export interface NetworkRelay {
  readonly name: string;
  /** 40 hex characters, upper case. */
  readonly fingerprint: string;
  readonly address: string;
  readonly orPort: number;
  readonly pid: number;
}

export interface TorNetwork {
  /** A file with what a client needs to use this network and no other. */
  readonly extraTorrc: string;
  readonly address: string;
  /** Authorities first. */
  readonly relays: readonly NetworkRelay[];
  /** Where authorities tell the consensus, which clients may ask for. */
  readonly dirPorts: readonly number[];
  /** As after the word `Bridge`; null without a bridge. */
  readonly bridgeLine: string | null;
  readonly bridge: NetworkRelay | null;
  /** Stops a relay without ending it, as a machine that hangs. */
  hang(name: string): void;
  wake(name: string): void;
  /** Ends a relay at once. */
  kill(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** What this machine lacks for it, as a reason to skip; null when it has all. */
export function missingForTor({ bridge = false }: TorNetworkOptions = {}): string | null {
  const missing = ["tor", "tor-gencert", ...(bridge ? ["obfs4proxy"] : [])].filter(
    (name) => findProgram(name) === null,
  );
  return missing.length === 0 ? null : `not installed: ${missing.join(", ")}`;
}

const AUTHORITIES = 3;
const VOTING_S = 20; // 10 s is flaky, 60 s is slow
const START_MS = 120_000;
const STOP_MS = 5_000;

interface Member {
  readonly name: string;
  readonly kind: "authority" | "exit" | "bridge";
  readonly folder: string;
  readonly orPort: number;
  readonly dirPort: number;
  readonly ptPort: number;
  fingerprint: string;
  child: ChildProcess | null;
}

/** Throws when it does not come up in two minutes. Stop it, whatever happens. */
export async function startTorNetwork(options: TorNetworkOptions = {}): Promise<TorNetwork> {
  const network = new Network(options);
  try {
    await network.start();
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

class Network implements TorNetwork {
  readonly address: string;
  readonly extraTorrc: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "nocturne-tor-"));
  readonly #o: TorNetworkOptions;
  #members: Member[] = [];
  #authorities = "";
  bridgeLine: string | null = null;

  constructor(options: TorNetworkOptions) {
    this.#o = options;
    this.address = options.namespace?.address ?? "127.0.0.1";
    this.extraTorrc = join(this.#folder, "client");
  }

  get relays(): NetworkRelay[] {
    return this.#members.flatMap((member) => (member.kind === "bridge" ? [] : [this.#view(member)]));
  }

  get dirPorts(): number[] {
    return this.#members.flatMap(({ kind, dirPort }) => (kind === "authority" ? [dirPort] : []));
  }

  get bridge(): NetworkRelay | null {
    const bridge = this.#members.find(({ kind }) => kind === "bridge");
    return bridge ? this.#view(bridge) : null;
  }

  async start(): Promise<void> {
    process.once("exit", this.#killAll);
    const startedAtMs = Date.now();
    const told = (what: string): void =>
      this.#o.told?.(`${what} after ${((Date.now() - startedAtMs) / 1_000).toFixed(1)} s`);
    this.#members = await this.#plan();
    await this.#makeKeys();
    told("keys");
    for (const member of this.#members) this.#launch(member);
    const relays = this.#members.filter(({ kind }) => kind !== "bridge");
    const first = join(relays[0]?.folder ?? "", "cached-microdesc-consensus");
    await this.#until("a consensus with all relays", () => count(first, /^r /gm) >= relays.length);
    told("consensus");
    // A relay or bridge without the descriptors answers 404, and a client then waits a whole voting interval.
    await this.#until("descriptors everywhere", () =>
      this.#members.every(({ folder }) => descriptors(folder) >= relays.length),
    );
    told("descriptors");
    await this.#readBridge();
    writeFileSync(this.extraTorrc, this.#clientLines());
  }

  hang(name: string): void {
    this.#find(name).child?.kill("SIGSTOP");
  }

  wake(name: string): void {
    this.#find(name).child?.kill("SIGCONT");
  }

  async kill(name: string): Promise<void> {
    const { child } = this.#find(name);
    child?.kill("SIGKILL");
    await ended(child);
  }

  async stop(): Promise<void> {
    process.removeListener("exit", this.#killAll);
    await Promise.all(
      this.#members.map(async ({ child }) => {
        child?.kill("SIGCONT");
        child?.kill("SIGTERM");
        const late = setTimeout(() => child?.kill("SIGKILL"), STOP_MS);
        await ended(child);
        clearTimeout(late);
      }),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }

  readonly #killAll = (): void => {
    for (const { child } of this.#members) child?.kill("SIGKILL");
  };

  #find(name: string): Member {
    const member = this.#members.find((one) => one.name === name);
    if (!member) throw new Error(`there is no relay ${name}`);
    return member;
  }

  #view({ name, fingerprint, orPort, child }: Member): NetworkRelay {
    return { name, fingerprint, address: this.address, orPort, pid: child?.pid ?? 0 };
  }

  async #plan(): Promise<Member[]> {
    const { exits = 4, bridge = false } = this.#o;
    const names: [string, Member["kind"]][] = [
      ...Array.from({ length: AUTHORITIES }, (_, i): [string, Member["kind"]] => [`auth${i}`, "authority"]),
      ...Array.from({ length: exits }, (_, i): [string, Member["kind"]] => [`exit${i}`, "exit"]),
      ...(bridge ? [["bridge0", "bridge"] as [string, Member["kind"]]] : []),
    ];
    const ports = await freePorts(3 * names.length);
    return names.map(([name, kind], i) => {
      const folder = join(this.#folder, name);
      mkdirSync(join(folder, "keys"), { recursive: true, mode: 0o700 });
      const [orPort = 0, dirPort = 0, ptPort = 0] = ports.slice(3 * i, 3 * i + 3);
      return { name, kind, folder, orPort, dirPort, ptPort, fingerprint: "", child: null };
    });
  }

  async #makeKeys(): Promise<void> {
    const authorities = this.#members.filter(({ kind }) => kind === "authority");
    await Promise.all(authorities.map((member) => this.#certify(member)));
    await Promise.all(this.#members.map((member) => this.#name(member)));
    const lines = this.#members.map(({ name, kind, folder, orPort, dirPort, fingerprint }) => {
      if (kind !== "authority") return "";
      const [, identity = ""] = /^fingerprint (\w+)/m.exec(readFileSync(certificatePath(folder), "utf8")) ?? [];
      return `DirAuthority ${name} orport=${orPort} no-v2 v3ident=${identity} ${this.address}:${dirPort} ${fingerprint}\n`;
    });
    this.#authorities = lines.join("");
    for (const member of this.#members) writeFileSync(join(member.folder, "torrc"), this.#torrc(member));
  }

  /** The long-lived keys of an authority, with a passphrase that protects nothing here. */
  #certify({ folder, dirPort }: Member): Promise<void> {
    const keys = join(folder, "keys");
    const names = ["-i", join(keys, "authority_identity_key"), "-s", join(keys, "authority_signing_key")];
    const args = ["--create-identity-key", "--passphrase-fd", "0", "-m", "12", "-a", `${this.address}:${dirPort}`];
    const child = spawn(findProgram("tor-gencert") as string, [...args, ...names, "-c", certificatePath(folder)], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin.end("testtest\n");
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`tor-gencert ended with ${code}`))));
    });
  }

  async #name(member: Member): Promise<void> {
    const none = ["--ignore-missing-torrc", "-f", "/dev/null", "--defaults-torrc", "/dev/null", "--quiet"];
    const place = ["--orport", "1", "--datadirectory", member.folder, "--nickname", member.name];
    const elsewhere = ["--dirserver", `x 127.0.0.1:1 ${"f".repeat(40)}`];
    const { stdout } = await run(findProgram("tor") as string, [...none, "--list-fingerprint", ...place, ...elsewhere]);
    member.fingerprint = (stdout.trim().split("\n").at(-1) ?? "").split(" ").slice(1).join("");
  }

  #torrc(member: Member): string {
    const { name, kind, folder, orPort } = member;
    return [
      "TestingTorNetwork 1",
      "PathsNeededToBuildCircuits 0.67",
      `DataDirectory ${folder}`,
      `Log notice file ${join(folder, "notice.log")}`,
      "SafeLogging 0",
      "ShutdownWaitLength 0",
      `__OwningControllerProcess ${process.pid}`, // it ends with us, also when we are killed
      "SocksPort 0",
      "ConnLimit 60",
      `Nickname ${name}`,
      `Address ${this.address}`,
      `ORPort ${this.address}:${orPort} IPv4Only`,
      "AssumeReachable 1",
      "ContactInfo test@test.invalid",
      ...KIND_LINES[kind](member, this.address, this.#o.iatMode ?? 0),
      this.#authorities,
    ].join("\n");
  }

  #clientLines(): string {
    return [
      "TestingTorNetwork 1",
      "PathsNeededToBuildCircuits 0.67",
      "ClientRejectInternalAddresses 0",
      "ClientDNSRejectInternalAddresses 0",
      "TestingBridgeDownloadInitialDelay 0",
      "TestingBridgeBootstrapDownloadInitialDelay 0",
      this.#authorities,
    ].join("\n");
  }

  #launch(member: Member): void {
    const { namespace } = this.#o;
    const command = [
      findProgram("tor") as string,
      "--quiet",
      "-f",
      join(member.folder, "torrc"),
      "--defaults-torrc",
      "/dev/null",
    ];
    const [program = "", ...args] = namespace ? ["ip", "netns", "exec", namespace.name, ...command] : command;
    member.child = spawn(program, args, { stdio: "ignore" });
  }

  async #readBridge(): Promise<void> {
    const bridge = this.#members.find(({ kind }) => kind === "bridge");
    if (!bridge) return;
    const path = join(bridge.folder, "pt_state", "obfs4_bridgeline.txt");
    await this.#until("the bridge", () => existsSync(path) && /^Bridge obfs4/m.test(readFileSync(path, "utf8")));
    const [, rest = ""] = /^Bridge obfs4 .*<FINGERPRINT> (.*)$/m.exec(readFileSync(path, "utf8")) ?? [];
    this.bridgeLine = `obfs4 ${this.address}:${bridge.ptPort} ${bridge.fingerprint} ${rest}`;
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
      const dead = this.#members.find(({ child }) => child?.exitCode !== null);
      if (dead) throw new Error(`${dead.name} ended: ${tail(join(dead.folder, "notice.log"))}`);
      if (isTrue()) return;
    }
    throw new Error(`the network waits in vain for ${what}`);
  }
}

const KIND_LINES: Record<Member["kind"], (member: Member, address: string, iatMode: number) => readonly string[]> = {
  authority: ({ dirPort }, address) => [
    `DirPort ${address}:${dirPort}`,
    "AuthoritativeDirectory 1",
    "V3AuthoritativeDirectory 1",
    "ExitRelay 0",
    "ExitPolicy reject *:*",
    "TestingDirAuthVoteExit *",
    "TestingDirAuthVoteGuard *",
    "TestingDirAuthVoteHSDir *",
    "TestingMinExitFlagThreshold 0",
    "TestingV3AuthInitialVotingInterval 5",
    "TestingV3AuthInitialVoteDelay 2",
    "TestingV3AuthInitialDistDelay 2",
    `V3AuthVotingInterval ${VOTING_S}`,
    "V3AuthVoteDelay 2",
    "V3AuthDistDelay 2",
    "V3AuthNIntervalsValid 6",
  ],
  // The targets of tests are on private addresses.
  exit: () => ["ExitRelay 1", "ExitPolicyRejectPrivate 0", "ExitPolicy accept *:*"],
  bridge: ({ ptPort }, address, iatMode) => [
    "BridgeRelay 1",
    "PublishServerDescriptor 0",
    "ExitRelay 0",
    "ExitPolicy reject *:*",
    "ExtORPort auto",
    `ServerTransportPlugin obfs4 exec ${findProgram("obfs4proxy")}`,
    `ServerTransportListenAddr obfs4 ${address}:${ptPort}`,
    `ServerTransportOptions obfs4 iat-mode=${iatMode}`,
  ],
};

function certificatePath(folder: string): string {
  return join(folder, "keys", "authority_certificate");
}

function count(path: string, pattern: RegExp): number {
  return existsSync(path) ? (readFileSync(path, "utf8").match(pattern)?.length ?? 0) : 0;
}

function descriptors(folder: string): number {
  return ["cached-microdescs", "cached-microdescs.new"]
    .map((name) => count(join(folder, name), /^onion-key/gm))
    .reduce((sum, one) => sum + one, 0);
}

function tail(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(-4).join(" ") : "no log";
}

function ended(child: ChildProcess | null): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** Free now, below the range from which the system picks for outgoing connections. */
async function freePorts(wanted: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = 20_000 + Math.floor(Math.random() * 10_000); found.length < wanted; port++) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) found.push(port);
  }
  return found;
}
