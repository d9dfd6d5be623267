/**
 * `nocturne mesh receipts FOLDER`: what nodes signed that they keep, each as a file that anybody checks with `nocturne verify`.
 *
 *   receipt-<object>-<node>, -2 ...       the first 16 digits of either; a node that has very much of an object signs several
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { MeshReceiptPage, MeshReceiptView } from "../../api/contract.ts";
import { fromBase64Url } from "../../core/bytes.ts";
import { systemClock } from "../../core/clock.ts";
import type { Context } from "../context.ts";
import { interruptible } from "../interruption.ts";
import type { NodeClient } from "../node-client.ts";
import { plainLine } from "../plain-text.ts";
import { writeWholeFile } from "../whole-file.ts";

/** With --json. */
export interface WrittenReceipts {
  readonly folder: string;
  readonly files: readonly string[];
  /** That are not over: so many nodes promised so many of so many fragments, the first of them until then. */
  readonly nodes: number;
  readonly promised: number;
  readonly fragments: number;
  readonly until: string | null;
  /** With a receipt; without one. */
  readonly objects: number;
  readonly unsigned: number;
}

const NAME_DIGITS = 16;

export async function writeReceipts(context: Context, folder: string): Promise<void> {
  const write = (signal: AbortSignal): Promise<WrittenReceipts> => writeAll(context.node(), folder, signal);
  const written = await interruptible(write, () => "Interrupted. What was written is whole.");
  context.output.result(written, describe(written));
}

async function writeAll(client: NodeClient, folder: string, signal: AbortSignal): Promise<WrittenReceipts> {
  const { toPortable } = await import("../../mesh/ledger/portable.ts");
  const names = new Names();
  const seen: MeshReceiptView[] = [];
  let objects = 0;
  for (let after: number | null = 0; after !== null; ) {
    const page: MeshReceiptPage = await client.call("GET", `/api/mesh/receipts?after=${after}`);
    if (page.receipts.length > 0) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const receipt of page.receipts) {
      const file = toPortable("receipt", fromBase64Url(receipt.receipt));
      await writeWholeFile(once(file), join(folder, names.of(receipt)), signal);
      seen.push({ ...receipt, receipt: "" });
    }
    objects = page.objects;
    after = page.next;
  }
  return { folder, files: names.all, ...promises(seen, objects) };
}

class Names {
  readonly all: string[] = [];
  readonly #counts = new Map<string, number>();

  of({ object, node }: MeshReceiptView): string {
    const name = `receipt-${object.slice(0, NAME_DIGITS)}-${node.slice(0, NAME_DIGITS)}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const whole = count === 1 ? name : `${name}-${count}`;
    this.all.push(whole);
    return whole;
  }
}

function promises(receipts: readonly MeshReceiptView[], objects: number): Omit<WrittenReceipts, "folder" | "files"> {
  const nowMs = systemClock.nowMs();
  const live = receipts.filter(({ until }) => Date.parse(until) > nowMs);
  const sizes = new Map(receipts.map(({ object, objectFragments }) => [object, objectFragments]));
  const fragments = total([...sizes.values()]);
  return {
    nodes: new Set(live.map(({ node }) => node)).size,
    // What is replaced by newer ones between two pages is told twice.
    promised: Math.min(fragments, total(live.map((receipt) => receipt.fragments))),
    fragments,
    until: live.map(({ until }) => until).toSorted()[0] ?? null,
    objects: sizes.size,
    unsigned: Math.max(0, objects - sizes.size),
  };
}

function describe({ folder, files, nodes, promised, fragments, until, objects, unsigned }: WrittenReceipts): string {
  if (files.length === 0) return "No node has signed anything for you yet.";
  const last = until === null ? "all that was promised is over" : `the first promise ends on ${until}`;
  return [
    `${count(nodes, "node")} promised ${promised} of ${count(fragments, "fragment")} of ${count(objects, "object")}; ${last}.`,
    ...(unsigned > 0 ? [`Of ${count(unsigned, "object")} no node signed anything.`] : []),
    `${count(files.length, "file")} in ${plainLine(folder)}; check with: nocturne verify FILE`,
  ].join("\n");
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function count(number: number, of: string): string {
  return `${number} ${of}${number === 1 ? "" : "s"}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
