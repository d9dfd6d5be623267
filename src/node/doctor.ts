/**
 * Looks for what commonly keeps a node from working: the machine, the folder, the vault, the network; and whether what nodes of
 * the mesh signed is still what they signed.
 * It changes nothing. A check that cannot be made is left out rather than called good.
 */
import { existsSync } from "node:fs";
import { access, constants, readdir, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "../core/clock.ts";
import { LockedError, toNocturneError } from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import type { Bucket } from "../files/bucket/bucket.ts";
import { blobsElsewhere } from "../files/bucket/elsewhere.ts";
import { type ReceiptFindings, timeOf } from "../mesh/keeper/kept-receipts.ts";
import { BLOB_FOLDER, HEADER_FILE } from "../vault/data-directory.ts";
import { openVault } from "../vault/vault.ts";
import type { Config } from "./config.ts";
import type { Services } from "./services.ts";
import { readStatus } from "./status.ts";
import type { DoctorCheck, DoctorReport } from "./views.ts";

const NODE_MAJOR = 24;
const FREE_BYTES = 536_870_912; // 512 MiB: below it a large upload or the relay soon fills the disk
/** No clock that is right shows a time before this program was written. */
const RELEASED_MS = Date.UTC(2025, 10, 1);
/** A clock may have been set back by so much and still agree with the files that it dated. */
const SET_BACK_MS = 300_000; // 5 min

/** The checks of a running node. */
export async function examineNode(services: Services): Promise<DoctorReport> {
  const { dataDir } = services.config;
  const vault = { name: "vault", ok: true, hint: services.vault.locked ? "Locked." : "Open." };
  const machine = await examineMachine(dataDir);
  return report([
    ...machine,
    vault,
    ...(await examineReceipts(services)),
    ...examineRelays(services),
    ...(await examineStore(services.config, services.store?.bucket ?? null)),
  ]);
}

/** The checks that need no running node. */
export async function examineOffline(config: Config): Promise<DoctorReport> {
  const machine = await examineMachine(config.dataDir);
  const ports = [await examinePort("app port", config.port, "--port")];
  if (config.relayPort !== null) ports.push(await examinePort("relay port", config.relayPort, "--relay-port"));
  const bucket = await examineStore(config, null);
  return report([...machine, await examineVault(config), ...ports, ...bucket]);
}

function report(checks: readonly DoctorCheck[]): DoctorReport {
  return { ok: checks.every(({ ok }) => ok), checks };
}

async function examineMachine(dataDir: string): Promise<DoctorCheck[]> {
  return [
    check("node", Number(process.versions.node.split(".")[0]) >= NODE_MAJOR, `Node.js ${process.versions.node}.`, {
      hint: `Node.js ${NODE_MAJOR} or newer is needed; this is ${process.versions.node}.`,
    }),
    await examineFolder(dataDir),
    await examineDisk(dataDir),
    await examineClock(dataDir),
  ];
}

async function examineFolder(dataDir: string): Promise<DoctorCheck> {
  const name = "data directory";
  if (!existsSync(dataDir)) return { name, ok: true, hint: "Not there yet; the first start makes it." };
  try {
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return { name, ok: false, hint: "Your user may not write to it: choose another with --data-dir." };
  }
  const isPrivate = ((await stat(dataDir)).mode & 0o077) === 0;
  return check(name, isPrivate, "Private and writable.", {
    hint: `Other users may look into it: chmod 700 ${dataDir}`,
  });
}

async function examineDisk(dataDir: string): Promise<DoctorCheck> {
  const place = existsSync(dataDir) ? dataDir : process.cwd();
  const { bavail, bsize } = await statfs(place);
  const freeMiB = Math.floor((bavail * bsize) / 1_048_576);
  return check("free disk", bavail * bsize >= FREE_BYTES, `${freeMiB} MiB are free.`, {
    hint: `Only ${freeMiB} MiB are free: make room.`,
  });
}

/** Messages carry times and links expire by them, so a clock that is far off breaks both. */
async function examineClock(dataDir: string): Promise<DoctorCheck> {
  const nowMs = Date.now();
  const newestMs = await newestFileMs(dataDir);
  return check("clock", nowMs > RELEASED_MS && nowMs + SET_BACK_MS > newestMs, `${new Date(nowMs).toISOString()}.`, {
    hint: `This machine's clock says ${new Date(nowMs).toISOString()}, which cannot be: set it.`,
  });
}

async function newestFileMs(dataDir: string): Promise<number> {
  if (!existsSync(dataDir)) return 0;
  const names = await readdir(dataDir);
  const times = await Promise.all(names.map(async (name) => (await stat(join(dataDir, name))).mtimeMs));
  return Math.max(0, ...times);
}

async function examineVault(config: Config): Promise<DoctorCheck> {
  const name = "vault";
  if (!existsSync(join(config.dataDir, HEADER_FILE))) {
    return { name, ok: true, hint: "Not there yet; the first start makes it." };
  }
  try {
    const secret = config.secret === null ? {} : { secret: config.secret };
    const log = createLogger("silent");
    const vault = await openVault({ dataDir: config.dataDir, clock: systemClock, log, ...secret });
    vault.close();
    return { name, ok: true, hint: "It opens." };
  } catch (thrown) {
    const error = toNocturneError(thrown);
    return { name, ok: false, hint: error.hint ? `${error.message} ${error.hint}` : error.message };
  }
}

async function examinePort(name: string, port: number, flag: string): Promise<DoctorCheck> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
  return check(name, free, `${port} is free.`, {
    hint: `Another program uses port ${port}: choose another with ${flag}.`,
  });
}

function examineRelays(services: Services): DoctorCheck[] {
  if (services.vault.locked || !services.online) return [];
  return readStatus(services).relays.map(({ url, state, latencyMs }) =>
    check(`relay ${url}`, state === "connected", latencyMs === null ? "Connected." : `Answers in ${latencyMs} ms.`, {
      hint: "It cannot be reached now: check your connection, or choose another relay.",
    }),
  );
}

/** What nodes of the mesh promised; none while the vault is locked, or nothing lies in a mesh. */
async function examineReceipts({ vault, mesh }: Services): Promise<DoctorCheck[]> {
  if (vault.locked) return [];
  try {
    const found = await mesh.examineReceipts();
    return found ? [describeReceipts(found)] : [];
  } catch (error) {
    if (error instanceof LockedError) return []; // meanwhile
    throw error;
  }
}

/** A node that promised nothing is no fault of what is kept. */
function describeReceipts(found: ReceiptFindings): DoctorCheck {
  const { receipts, altered, foreign, astray } = found;
  const faults = [
    [altered, "not what a node signed"],
    [foreign, "for another owner"],
    [astray, "of something else than the object that they are kept for"],
  ] as const;
  const wrong = faults.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
  const ok = wrong.length === 0;
  const fault = `Of ${receipts} receipts in the vault ${wrong.join(", ")}: they prove nothing. What is left: `;
  return { name: "receipts", ok, hint: `${ok ? "" : fault}${promisesOf(found)}` };
}

function promisesOf({ nodes, promised, fragments, objects, endMs, mum }: ReceiptFindings): string {
  if (endMs === null) return `No node promised anything yet of ${count(objects, "object")} in the mesh.`;
  const what = `${promised} of ${count(fragments, "fragment")} of ${count(objects, "object")}`;
  const silent = mum === 0 ? "" : ` ${count(mum, "node")} gave no receipt.`;
  return `${count(nodes, "node")} promised ${what}; the first promise ends on ${timeOf(endMs)}.${silent}`;
}

function count(number: number, of: string): string {
  return `${number} ${of}${number === 1 ? "" : "s"}`;
}

/** Without a running node it is not known by which route the bucket may be asked, so it is not. */
async function examineStore({ store, dataDir }: Config, bucket: Bucket | null): Promise<DoctorCheck[]> {
  const elsewhere = await blobsElsewhere(join(dataDir, BLOB_FOLDER), store?.url ?? null);
  const astray = [...elsewhere].map(([place, blobs]) => ({
    name: `bucket ${place}`,
    ok: false,
    hint: `It holds files of this vault (${blobs}) and is not used: they cannot be read. Start Nocturne with NOCTURNE_STORE=${place} and its key in NOCTURNE_STORE_KEY.`,
  }));
  return [...(bucket ? await examineBucket(bucket) : []), ...astray];
}

/** Puts a small object there, reads a part of it, and deletes it. */
async function examineBucket(bucket: Bucket): Promise<DoctorCheck[]> {
  const name = "bucket";
  try {
    await bucket.check();
    return [{ name, ok: true, hint: `${bucket.place} takes, gives and deletes.` }];
  } catch (thrown) {
    const { message, hint } = toNocturneError(thrown);
    return [{ name, ok: false, hint: `${message} ${hint ?? ""}`.trim() }];
  }
}

function check(name: string, ok: boolean, found: string, failed: { hint: string }): DoctorCheck {
  return { name, ok, hint: ok ? found : failed.hint };
}
