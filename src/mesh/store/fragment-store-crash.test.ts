import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/cleanup.ts";
import { sourceUrl } from "../../../test/support/library-program.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { diskUse, fragmentFiles, MovedClock, openStore, readWhole, sampleFragment, sampleOwner } from "./testing.ts";

const ROUNDS = 6;
const AT_ONCE = 16;
const OWNER = sampleOwner(1);

/** Of the fragment of that number: some of a few bytes, some of several writes. */
function bytesOf(number: number): number {
  return 1 + ((number * 7_919) % 90_000);
}

/**
 * A process that stores as many at once as it can and says each number once it is kept. Every fifth it drops, says so
 * beforehand, and lets it go from the disk; every seventh it gives up.
 */
function worker(folder: string, first: number): ReturnType<typeof spawn> {
  const program = `
    const { openStore, sampleFragment, MovedClock } = await import(${sourceUrl("mesh/store/testing.ts")});
    const clock = new MovedClock();
    const store = await openStore(${JSON.stringify(folder)}, clock);
    const say = (word, n) => process.stdout.write(word + " " + n + "\\n");
    const bytesOf = ${bytesOf.toString()};
    let next = ${first};
    const work = async () => {
      for (;;) {
        const n = next++;
        const { id, content } = sampleFragment(n, bytesOf(n));
        const arrival = await store.begin({ id, bytes: content.length, owner: "${OWNER}", untilMs: clock.now + ${MESH_LIMITS.leaseMaxMs} });
        for (let at = 0; at < content.length; at += 30_000) await arrival.write(content.subarray(at, at + 30_000));
        if (n % 7 === 0) { await arrival.abort(); continue; }
        await arrival.finish();
        say("kept", n);
        if (n % 5 !== 0) continue;
        say("goes", n);
        await store.drop("${OWNER}", [id]);
        clock.now += ${MESH_LIMITS.trashMs};
        await store.sweep();
        clock.now -= ${MESH_LIMITS.trashMs};
      }
    };
    say("ready", 0);
    await Promise.all(Array.from({ length: ${AT_ONCE} }, work));`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Lets it work until so many are kept, ends it by kill -9 a moment later, and returns what it had said. */
async function workAndDie(folder: string, first: number, count: number) {
  const child = worker(folder, first);
  const [kept, went] = [new Set<number>(), new Set<number>()];
  let last = first;
  assert.ok(child.stdout);
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, text] = line.split(" ");
    const number = Number(text);
    if (word === "goes") went.add(number);
    if (word === "kept" && kept.add(number).size === count) setTimeout(() => child.kill("SIGKILL"), count % 5);
    last = Math.max(last, number);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGKILL");
  return { kept, went, last };
}

test("kill -9 among many that are stored: what was acknowledged is there, and of all else nothing", async (t) => {
  const folder = temporaryFolder(t);
  const kept = new Set<number>();
  let next = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const said = await workAndDie(folder, next, 8 + 13 * round);
    for (const number of said.kept) if (!said.went.has(number)) kept.add(number);
    next = said.last + 10 * AT_ONCE;
    const store = await openStore(folder, new MovedClock());
    for (const number of kept) {
      const { id, content } = sampleFragment(number, bytesOf(number));
      const found = await readWhole(store, id);
      assert.ok(found && Buffer.from(found).equals(content), `fragment ${number} in round ${round}`);
    }
    const { usedBytes } = store.usage();
    const ids = store.list(null, 9_999).map(({ id }) => id);
    const trashed = fragmentFiles(folder).filter((name) => store.held(OWNER, [name as never])[0]?.trashedAtMs);
    assert.deepEqual(fragmentFiles(folder), [...ids, ...trashed].sort(), `in round ${round}`);
    assert.equal(usedBytes, diskUse(folder) - statSync(folder).blocks * 512);
    await store.close();
  }
  assert.ok(kept.size > 150, `only ${kept.size} were ever kept`);
});
