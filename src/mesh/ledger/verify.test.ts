import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { atEnd, temporaryFolder } from "../../../test/support/cleanup.ts";
import { concatBytes, toHex } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { signReceipt } from "../exchange/receipt.ts";
import { signVoucher } from "../exchange/voucher.ts";
import { signCareCertificate } from "../manifest/care-certificate.ts";
import { ownerIdOf } from "../node-id.ts";
import type { FragmentId } from "../pieces/fragment-tree.ts";
import { signRecord } from "../records/record.ts";
import { writeBundle } from "./bundle.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { forkOfHeads } from "./fork-proof.ts";
import { LedgerLog } from "./log.ts";
import { fromPortable, type PortableKind, PORTABLE_KINDS, toPortable } from "./portable.ts";
import { history, NOW, signer, TestClock } from "./testing.ts";
import { compareHeads, type FileVerdict, verifyFile, verifyLedgers } from "./verify.ts";
import { encodeWitnessedHead, signCosignature } from "./witness.ts";

const [node, owner] = [signer(1), signer(2)];
const [NODE, OWNER] = [toHex(node.publicKey), toHex(owner.publicKey)];
const shown = history(node, ["a", "b", "c"]);
const hidden = history(node, ["a", "X", "c"]);
const DAY_MS = 86_400_000;

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50) yield bytes.subarray(at, at + 50);
}

const check = (bytes: Uint8Array, nowMs = NOW): Promise<FileVerdict> => verifyFile("a file", inPieces(bytes), nowMs);

function statements(): Record<Exclude<PortableKind, "ledger-bundle">, [body: Uint8Array, says: RegExp]> {
  const ownerId = ownerIdOf(owner.publicKey);
  const fragments = [{ id: "ab".repeat(32) as FragmentId, bytes: 7 }];
  const witnessed = encodeWitnessedHead(shown.head(), [signCosignature(shown.head(), NOW, owner)]);
  return {
    "ledger-head": [shown.head().bytes, new RegExp(`${NODE} had 3 entries on 2026-11-27 00:00 UTC`)],
    "witnessed-head": [witnessed, new RegExp(`saw no other history: ${OWNER}`)],
    "ledger-checkpoint": [signCheckpoint([shown.head()], NOW, owner).bytes, /of 1 signers/],
    "fork-proof": [forkOfHeads(shown.head(), hidden.head()) as Uint8Array, new RegExp(`against ${NODE}: .* 3 entries`)],
    receipt: [
      signReceipt({ owner: ownerId, untilMs: NOW + DAY_MS, madeAtMs: NOW, fragments }, node),
      /keep 1 fragments for .* until 2026-11-28/,
    ],
    voucher: [signVoucher({ owner: ownerId, bytes: 123_456, untilMs: NOW + DAY_MS }, node), /promised 123456 bytes/],
    record: [
      signRecord({ kind: "node", sequence: 4, madeAtMs: NOW, value: new Uint8Array(9) }, node),
      new RegExp(`Number 4 of what ${NODE} said as node`),
    ],
    "care-certificate": [
      signCareCertificate(node.publicKey, NOW + DAY_MS, owner),
      new RegExp(`${OWNER} lets ${NODE} care`),
    ],
  };
}

test("whatever was signed is checked by its file alone, and said in words", async () => {
  for (const [kind, [body, says]] of Object.entries(statements())) {
    const verdict = await check(toPortable(kind as PortableKind, body));
    assert.ok(verdict.ok, `${kind}: ${verdict.hint}`);
    assert.match(verdict.hint, says);
  }
});

test("what is over is said to be over, and was signed all the same", async () => {
  const all = statements();
  for (const kind of ["voucher", "record", "care-certificate"] as const) {
    const file = toPortable(kind, all[kind][0]);
    assert.doesNotMatch((await check(file)).hint, /over/);
    const later = await check(file, NOW + 400 * DAY_MS);
    assert.deepEqual([later.ok, /which is over/.test(later.hint)], [true, true], kind);
  }
});

test("no altered file passes, nor one that is cut, or taken for another kind", async () => {
  const all = statements();
  for (const [kind, [body]] of Object.entries(all)) {
    const file = toPortable(kind as PortableKind, body);
    for (let at = 0; at < file.length; at += 11) {
      const altered = file.slice();
      altered[at] = (altered[at] as number) ^ 4;
      assert.equal((await check(altered)).ok, false, `${kind}, byte ${at}`);
    }
    assert.equal((await check(file.subarray(0, -1))).ok, false, kind);
    assert.equal((await check(concatBytes(file, new Uint8Array(1)))).ok, false, kind);
    for (const other of PORTABLE_KINDS.filter((one) => one !== kind)) {
      assert.equal((await check(toPortable(other, body))).ok, false, `${kind} as ${other}`);
    }
  }
  for (const text of ["", "nocturne-receipt/1", "nocturne-receipt/2\n", "x".repeat(5_000), "\n"]) {
    const verdict = await check(new TextEncoder().encode(text));
    assert.match(verdict.hint, /first line/);
  }
});

test("a file that is too long is refused before it is in memory", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield toPortable("receipt", new Uint8Array(0));
    for (; given < 1_000; given++) yield new Uint8Array(1_048_576);
  }
  assert.equal((await verifyFile("a file", endless(), NOW)).ok, false);
  assert.ok(given <= MESH_LIMITS.ledgerFileBytes / 1_048_576 + 1);
});

test("a bundle of a real ledger is checked, and the ledger where it lies", async (t) => {
  const folder = temporaryFolder(t);
  assert.deepEqual(
    verifyLedgers([join(folder, "none")]).map(({ ok }) => ok),
    [true],
  );
  const log = new LedgerLog({ folder, by: node, clock: new TestClock() });
  atEnd(t, () => log.close());
  await Promise.all(Array.from({ length: 9 }, (_, i) => log.append("receipt", new Uint8Array(40).fill(i))));
  const file = concatBytes(toPortable("ledger-bundle", new Uint8Array(0)), ...writeBundle(log, 3, 5));
  const verdict = await check(file);
  assert.match(verdict.hint, new RegExp(`^Entries 3 to 7 of 9 in the ledger of ${NODE}: whole`));
  assert.equal(fromPortable(file)?.kind, "ledger-bundle");
  const altered = file.slice();
  altered[file.length - 70] = (altered[file.length - 70] as number) ^ 1;
  assert.match((await check(altered)).hint, /^Entry 7 /);
  assert.deepEqual(verifyLedgers([folder]), [
    { name: `ledger ${NODE}`, ok: true, hint: "9 entries: whole and in order." },
  ]);
  log.close();
  const db = new DatabaseSync(join(folder, `${NODE}.db`));
  db.exec("DELETE FROM entries WHERE sequence = 4");
  db.close();
  assert.match(verifyLedgers([folder])[0]?.hint ?? "", /^Entry 4 /);
});

test("two files that are right by themselves show a fork together", async () => {
  const files = await Promise.all(
    [shown.head(), hidden.head(), shown.head(2)].map((head) => check(toPortable("ledger-head", head.bytes))),
  );
  assert.ok(files.every(({ ok }) => ok));
  const forks = compareHeads(files);
  assert.equal(forks.length, 1);
  assert.match(forks[0]?.hint ?? "", new RegExp(`${NODE} signed two different histories of 3`));
  assert.deepEqual(compareHeads([files[0] as FileVerdict, files[0] as FileVerdict]), []);
});
