import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openLibraryProgram } from "../../test/support/library-program.ts";
import { chunksOf, NonceWatch } from "../../test/support/sealed-parts.ts";
import { concatBytes } from "../core/bytes.ts";
import { type LibraryRoom, openLibraryRoom } from "./testing.ts";

const READY = "ready";
const ROUNDS = 6;
/** On a busy machine a round gets less done: then more of them follow. */
const MOST_ROUNDS = 24;
/** Large enough that threads seal the second half of it. */
const BYTES = 16_000_007;
const CALL_BYTES = 900_000;
/** What may be on its way to the disk: a batch of each sealer, and those that the threads have. */
const HELD_BYTES = 7 * 1_048_576;

/** No two contents share a chunk. */
function contentOf(n: number): Uint8Array {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, String(n)), Buffer.alloc(16)).update(Buffer.alloc(BYTES));
}

/** A process that goes on with every upload that it finds, begins new ones, and says after each call how far it is. */
function worker(dataDir: string, from: number): ReturnType<typeof spawn> {
  const program = `
    ${openLibraryProgram(dataDir)}
    const { createCipheriv } = await import("node:crypto");
    const BYTES = ${BYTES};
    ${contentOf.toString()}
    await library.sweep();
    const say = (word) => process.stdout.write(word + "\\n");
    const { uploads } = library;
    say(${JSON.stringify(READY)});
    for (let n = ${from}; ; n++) {
      const content = contentOf(n);
      const suite = n % 3 === 2 ? "noctis-256" : "aes-256-gcm";
      let view = await uploads.begin({ name: String(n), bytes: ${BYTES}, cipher: suite, fingerprint: String(n) });
      while (!view.file) {
        const { offset } = view;
        const body = (async function* () { yield content.subarray(offset, offset + ${CALL_BYTES}); })();
        view = await uploads.append(view.id, offset, body).catch((error) => {
          if (error.code !== "upload_offset") throw error;
          return { ...view, offset: error.offset };
        });
        say("at " + n + " " + view.offset);
      }
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Lets it work, ends it by kill -9, and returns the last that it said of each upload. */
async function workAndDie(dataDir: string, from: number, ms: number): Promise<Map<number, number>> {
  const child = worker(dataDir, from);
  const told = new Map<number, number>();
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, n, offset] = line.split(" ");
    if (word === READY) setTimeout(() => child.kill("SIGKILL"), ms);
    if (word === "at") told.set(Number(n), Number(offset));
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  return told;
}

async function watchDisk({ dataDir, vault }: LibraryRoom, watch: NonceWatch): Promise<void> {
  const folder = join(dataDir, "blobs");
  for (const name of readdirSync(folder)) {
    watch.add(await chunksOf(readFileSync(join(folder, name)), vault.secretFor("files/v1")));
  }
}

test("kill -9 at any moment of an upload loses at most what was on its way, and uses no nonce twice", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-upload-crash-"));
  const watch = new NonceWatch();
  let [done, continued] = [0, 0];
  const isSeen = (): boolean => continued >= 2 && done >= 2 && watch.size > 2_000;
  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && !isSeen()); round++) {
    const told = await workAndDie(dataDir, done, 60 + 90 * round);
    const room = await openLibraryRoom(t, dataDir);
    const { library } = room;
    await watchDisk(room, watch);
    await library.sweep();
    const left = await library.uploads.list();
    assert.ok(left.length <= 1);
    for (const { name, offset, file } of left) {
      assert.equal(file, null);
      assert.ok(offset >= (told.get(Number(name)) ?? 0) - HELD_BYTES, `${offset} of ${told.get(Number(name))}`);
      if (offset > 0) continued += 1;
    }
    for (const { id, name } of library.list()) {
      const content = concatBytes(...(await Array.fromAsync(await library.open(id))));
      assert.ok(Buffer.from(content).equals(contentOf(Number(name))), `file ${name} in round ${round}`);
      assert.equal(name.includes("("), false, "no upload ends twice");
    }
    done = library.list().length;
    assert.ok(room.blobs().length <= done + left.length, "no part is forgotten");
    await watchDisk(room, watch);
    room.close();
  }
  assert.ok(continued >= 2, `${continued} uploads were cut in the middle`);
  assert.ok(done >= 2, `${done} uploads ended`);
  assert.equal(watch.reused, 0);
  assert.ok(watch.size > 2_000, `${watch.size} chunks were seen`);
});
