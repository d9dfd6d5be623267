/**
 * A private I2P network of real `i2pd` routers, for tests and benches, in one network namespace without a wire.
 *
 *   routers start -> each has written its own record -> all get all records -> they start again and know each other
 *
 * i2pd speaks to no router with a private address. So each has an address of the open internet, on the loopback interface
 * of the namespace, from which nothing leads anywhere. Who wants to use a router runs inside, too.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const ROUTERS = 8;
const RECORD_MS = 20_000;
/** Of a router's record: where its certificate begins, and where its length stands there. */
const CERTIFICATE_AT = 384;
/** Another number than that of the real network: neither takes a word of the other. */
const NETWORK_ID = 77;

export interface I2pNetwork {
  /** `HOST:PORT` of the SAM bridge of a router, from 0 on, inside the namespace. */
  sam(router: number): string;
  /** Program and arguments so that they run inside. */
  inside(command: readonly string[]): readonly string[];
  rssMegabytes(router: number): number;
  /** Stops a router without ending it, as a machine that hangs. */
  hang(router: number): void;
  wake(router: number): void;
  /** Ends a router at once. */
  kill(router: number): Promise<void>;
  /** Starts one that was killed. */
  launch(router: number): void;
  stop(): Promise<void>;
}

/** What this machine lacks for it, as a reason to skip; null when it has all. */
export function missingForI2p(): string | null {
  try {
    execFileSync("i2pd", ["--version"], { stdio: "ignore" });
    execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
    execFileSync("unshare", ["-n", "true"], { stdio: "ignore" });
    return null;
  } catch {
    return "needs root, i2pd, ip (iproute2) and unshare";
  }
}

/** Its routers know each other; they build their first tunnels only now. Stop it, whatever happens. */
export async function startI2pNetwork(): Promise<I2pNetwork> {
  const network = new Network();
  try {
    await network.start();
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

let networks = 0;

class Network implements I2pNetwork {
  readonly #name = `ni${process.pid % 100_000}x${networks++}`;
  readonly #folder = mkdtempSync(join(tmpdir(), "nocturne-i2p-"));
  readonly #children: ChildProcess[] = [];
  #isOver = false;

  async start(): Promise<void> {
    process.once("exit", this.#clear);
    ip("netns", "add", this.#name);
    ip("-n", this.#name, "link", "set", "lo", "up");
    const all = Array.from({ length: ROUTERS }, (_, i) => i);
    for (const i of all) {
      ip("-n", this.#name, "addr", "add", `${addressOf(i)}/32`, "dev", "lo");
      mkdirSync(this.#folderOf(i), { recursive: true });
      writeFileSync(join(this.#folderOf(i), "i2pd.conf"), configOf(i, this.#folderOf(i)));
      writeFileSync(join(this.#folderOf(i), "tunnels.conf"), "");
      this.launch(i);
    }
    await this.#untilRecords(all);
    await Promise.all(all.map((i) => this.kill(i)));
    this.#introduce(all);
    for (const i of all) this.launch(i);
  }

  sam(router: number): string {
    return `127.0.0.1:${samPort(router)}`;
  }

  inside(command: readonly string[]): readonly string[] {
    return ["ip", "netns", "exec", this.#name, ...command];
  }

  rssMegabytes(router: number): number {
    const [, kib = "0"] =
      /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child(router).pid}/status`, "utf8")) ?? [];
    return Number(kib) / 1_024;
  }

  hang(router: number): void {
    this.#child(router).kill("SIGSTOP");
  }

  wake(router: number): void {
    this.#child(router).kill("SIGCONT");
  }

  async kill(router: number): Promise<void> {
    this.#child(router).kill("SIGKILL");
    await ended(this.#child(router));
  }

  launch(router: number): void {
    if (this.#isOver) throw new Error("the network was stopped");
    const folder = this.#folderOf(router);
    const places = [`--conf=${folder}/i2pd.conf`, `--datadir=${folder}`, `--tunconf=${folder}/tunnels.conf`];
    const [program = "", ...args] = this.inside(["i2pd", ...places]);
    this.#children[router] = spawn(program, args, { stdio: "ignore" });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    process.removeListener("exit", this.#clear);
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map(ended));
    this.#clear();
  }

  readonly #clear = (): void => {
    this.#isOver = true;
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    try {
      ip("netns", "del", this.#name);
    } catch {
      // it was not made
    }
  };

  #child(router: number): ChildProcess {
    const child = this.#children[router];
    if (!child) throw new Error(`there is no router ${router}`);
    return child;
  }

  #folderOf(router: number): string {
    return join(this.#folder, `r${router}`);
  }

  async #untilRecords(all: readonly number[]): Promise<void> {
    const isWritten = (path: string): boolean => existsSync(path) && readFileSync(path).includes("NTCP2");
    for (const endMs = Date.now() + RECORD_MS; Date.now() < endMs; await sleep(50)) {
      if (all.every((i) => isWritten(join(this.#folderOf(i), "router.info")))) return;
    }
    throw new Error("the routers do not write their records");
  }

  #introduce(all: readonly number[]): void {
    for (const one of all) {
      const record = readFileSync(join(this.#folderOf(one), "router.info"));
      const identity = record.subarray(0, CERTIFICATE_AT + 3 + record.readUInt16BE(CERTIFICATE_AT + 1));
      const id = createHash("sha256").update(identity).digest("base64").replaceAll("+", "-").replaceAll("/", "~");
      for (const other of all) {
        if (other === one) continue;
        const folder = join(this.#folderOf(other), "netDb", `r${id[0]}`);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `routerInfo-${id}.dat`), record);
      }
    }
  }
}

function addressOf(router: number): string {
  return `45.${11 + router}.0.1`;
}

function samPort(router: number): number {
  return 7_601 + router;
}

function configOf(router: number, folder: string): string {
  return `daemon = false
log = file
logfile = ${folder}/log
loglevel = warn
netid = ${NETWORK_ID}
ipv4 = true
ipv6 = false
host = ${addressOf(router)}
address4 = ${addressOf(router)}
port = ${20_001 + router}
nat = false
floodfill = true
bandwidth = X
share = 100
[ntcp2]
enabled = true
published = true
port = ${20_001 + router}
[ssu2]
enabled = false
published = false
[http]
enabled = false
[httpproxy]
enabled = false
[socksproxy]
enabled = false
[sam]
enabled = true
address = 127.0.0.1
port = ${samPort(router)}
[upnp]
enabled = false
[reseed]
verify = false
urls =
yggurls =
threshold = 0
[addressbook]
enabled = false
defaulturl =
subscriptions =
[nettime]
enabled = false
[exploratory]
inbound.length = 1
outbound.length = 1
`;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
