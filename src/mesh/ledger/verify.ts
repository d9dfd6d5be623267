/**
 * Checks, without asking anybody, whatever was signed in the mesh and came as a file (`portable.ts`), and the ledgers of
 * a data directory. What it finds is said in plain words; who signed is named by 64 hex digits.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { readReceipt } from "../exchange/receipt.ts";
import { readVoucher } from "../exchange/voucher.ts";
import { readCareCertificate } from "../manifest/care-certificate.ts";
import { readRecord, RECORD_KINDS, type RecordKind, recordPlace } from "../records/record.ts";
import { readBundle } from "./bundle.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { examineLog } from "./examination.ts";
import { forkOfHeads, verifyForkProof } from "./fork-proof.ts";
import { readHead, type SignedHead } from "./head.ts";
import { PieceReader } from "./piece-reader.ts";
import { type PortableKind, takePortableKind } from "./portable.ts";
import { readWitnessedHead } from "./witness.ts";

/** As a check of `nocturne doctor`. */
export interface LedgerCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly hint: string;
}

/** A check, and the heads that the file showed, so that those of several files can be compared. */
export interface FileVerdict extends LedgerCheck {
  readonly heads: readonly SignedHead[];
}

/** What a reader found, in words; null if it is not what it says. */
type Found = { readonly words: string; readonly heads?: readonly SignedHead[] } | null;

const ALTERED = "It is not what its first line says, or it was altered: a signature, a number or its length is wrong.";
const LOG_NAME = /^([0-9a-f]{64})\.db$/;

/** Checks one file. Rejects only if it cannot be read. */
export async function verifyFile(name: string, source: AsyncIterable<Uint8Array>, nowMs: number): Promise<FileVerdict> {
  const reader = new PieceReader(source);
  const kind = await takePortableKind(reader);
  const failed = (hint: string): FileVerdict => ({ name, ok: false, hint, heads: [] });
  if (!kind) return failed("This is no file that can be checked: its first line is not one of Nocturne's.");
  if (kind === "ledger-bundle") {
    const reading = await readBundle(reader);
    if ("problem" in reading) return failed(reading.problem);
    const { head, first, count } = reading;
    const words = `Entries ${first} to ${first + count - 1} of ${head.size} in the ledger of ${toHex(head.signer)}: whole and in order.`;
    return { name, ok: true, hint: words, heads: [head] };
  }
  const body = await reader.rest(MESH_LIMITS.ledgerFileBytes);
  const found = (await reader.isDone()) ? READERS[kind](body, nowMs) : null;
  return found ? { name, ok: true, hint: found.words, heads: found.heads ?? [] } : failed(ALTERED);
}

/** Of the heads in several files: a failed check for each two that no honest signer can have signed both. */
export function compareHeads(files: readonly FileVerdict[]): LedgerCheck[] {
  const seen = new Map<string, { readonly name: string; readonly head: SignedHead }>();
  const forks: LedgerCheck[] = [];
  for (const { name, heads } of files) {
    for (const head of heads) {
      const key = `${toHex(head.signer)} ${head.size}`;
      const other = seen.get(key);
      seen.set(key, other ?? { name, head });
      if (!other || !forkOfHeads(other.head, head)) continue;
      const hint = `${toHex(head.signer)} signed two different histories of ${head.size} entries. Keep both files: together they prove it.`;
      forks.push({ name: `${other.name}, ${name}`, ok: false, hint });
    }
  }
  return forks;
}

/** Checks the ledgers in these folders, from the first entry to the last. */
export function verifyLedgers(folders: readonly string[]): LedgerCheck[] {
  const logs = folders.flatMap(logsIn);
  if (logs.length === 0) return [{ name: "ledger", ok: true, hint: "None here: nothing was signed in the mesh." }];
  return logs.map(({ path, signer }) => {
    const { size, problem } = examineLog(path, fromHex(signer));
    const hint = problem ?? `${size} entries: whole and in order.`;
    return { name: `ledger ${signer}`, ok: problem === null, hint };
  });
}

function logsIn(folder: string): { readonly path: string; readonly signer: string }[] {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.flatMap((name) => {
    const signer = LOG_NAME.exec(name)?.[1];
    return signer === undefined ? [] : [{ path: join(folder, name), signer }];
  });
}

const READERS: Readonly<Record<Exclude<PortableKind, "ledger-bundle">, (body: Uint8Array, nowMs: number) => Found>> = {
  "ledger-head": (body) => {
    const head = readHead(body);
    return head && { words: `${describeHead(head)}.`, heads: [head] };
  },
  "witnessed-head": (body) => {
    const witnessed = readWitnessedHead(body);
    if (!witnessed) return null;
    const { head, cosignatures } = witnessed;
    const by = cosignatures.map(({ witness }) => toHex(witness)).join(", ");
    return { words: `${describeHead(head)}, and saw no other history: ${by}.`, heads: [head] };
  },
  "ledger-checkpoint": (body) => {
    const checkpoint = readCheckpoint(body);
    if (!checkpoint) return null;
    const { statement, heads } = checkpoint;
    return {
      words: `${toHex(statement.signer)} knew the ledgers of ${heads.length} signers as they are here, on ${day(statement.madeAtMs)}.`,
      heads,
    };
  },
  "fork-proof": (body) => {
    const finding = verifyForkProof(body);
    return finding && { words: `Proof against ${toHex(finding.signer)}: ${finding.why}` };
  },
  receipt: (body) => {
    const receipt = readReceipt(body);
    if (!receipt) return null;
    const { node, owner, fragments, untilMs, madeAtMs } = receipt;
    return {
      words: `${node} promised on ${day(madeAtMs)} to keep ${fragments.length} fragments for ${owner} until ${day(untilMs)}.`,
    };
  },
  voucher: (body, nowMs) => {
    const voucher = readVoucher(body, 0);
    if (!voucher) return null;
    const { node, owner, bytes, untilMs } = voucher;
    return {
      words: `${node} promised ${bytes} bytes of its disk to ${owner} until ${day(untilMs)}${ended(untilMs, nowMs)}.`,
    };
  },
  record: (body, nowMs) => {
    const kind = kindOfRecord(body[1]);
    const madeAtMs = timeOfRecord(body);
    // By the time that it says itself: it may be old and was signed all the same.
    const record = kind && madeAtMs !== null ? readRecord(body, recordPlace(kind, body.slice(2, 34)), madeAtMs) : null;
    if (!record) return null;
    const words = `Number ${record.sequence} of what ${toHex(record.key)} said as ${record.kind}, on ${day(record.madeAtMs)}`;
    return { words: `${words}${ended(record.madeAtMs + MESH_LIMITS.recordMs, nowMs)}.` };
  },
  "care-certificate": (body, nowMs) => {
    const certificate = readCareCertificate(body, 0);
    if (!certificate) return null;
    const { owner, carer, untilMs } = certificate;
    return { words: `${owner} lets ${toHex(carer)} care for an object until ${day(untilMs)}${ended(untilMs, nowMs)}.` };
  },
};

function describeHead({ signer, size, madeAtMs }: SignedHead): string {
  return `The ledger of ${toHex(signer)} had ${size} entries on ${day(madeAtMs)}`;
}

function kindOfRecord(code: number | undefined): RecordKind | null {
  return (Object.keys(RECORD_KINDS) as RecordKind[]).find((kind) => RECORD_KINDS[kind] === code) ?? null;
}

/** Where `record.ts` has it: behind version, kind, key and sequence. */
function timeOfRecord(body: Uint8Array): number | null {
  if (body.length < 50) return null;
  const ms = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(42));
  return Number.isSafeInteger(ms) ? ms : null;
}

/** "2026-11-27 08:15 UTC"; the number of milliseconds for a time that no calendar has. */
function day(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function ended(untilMs: number, nowMs: number): string {
  return untilMs <= nowMs ? ", which is over" : "";
}
