import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../core/clock.ts";
import { createLogger } from "../core/log.ts";
import { openVault } from "../vault/vault.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { letterHead } from "./letter.ts";
import { Outbox } from "./outbox.ts";

const [ALICE, BOB] = ["aa".repeat(32), "bb".repeat(32)];
const NEVER = new Promise<boolean>(() => {});

/** A dispatcher over a real outbox; `post` stands for everything between it and the relays, `seal` for the sessions. */
async function setUp(t: TestContext, post: (to: string) => Promise<boolean>, seal: () => void = () => {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "nocturne-test-"));
  const log = createLogger("silent");
  const vault = await openVault({ dataDir, clock: systemClock, log });
  const outbox = new Outbox(vault);
  const tries: string[] = [];
  const ended = new AbortController();
  const end = new Promise<boolean>((resolve) => ended.signal.addEventListener("abort", () => resolve(false)));
  const options = {
    vault,
    outbox,
    post: {
      send: async (_parcel: unknown, { publicKey }: { publicKey: string }) => {
        tries.push(publicKey);
        return { relays: ["ws://one"], taken: await Promise.race([post(publicKey), end]) };
      },
    },
    streams: { blame: () => {}, close: () => {} },
    law: { meanPeriodMs: () => null },
    addresses: { of: (to: string) => ({ publicKey: to, account: to, relays: ["ws://one"], placed: true, open: true }) },
    sealing: {
      isReady: () => true,
      seal: async (_row: unknown, _content: unknown, { publicKey }: { publicKey: string }) => {
        if (publicKey === BOB) seal();
        return { parcel: {}, shared: null };
      },
    },
    courier: { isFor: () => false, hold: () => null },
    ownRelays: () => [],
    onSent: () => {},
    clock: systemClock,
    log,
  };
  const dispatcher = new Dispatcher(options as unknown as DispatcherOptions);
  t.after(async () => {
    ended.abort();
    await dispatcher.close();
    vault.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const write = (to: string) => {
    const letter = { ...letterHead(systemClock.nowMs()), kind: "astray", session: "00", epoch: "00" } as const;
    vault.transaction(() => outbox.add({ id: letter.id, to, content: { profile: "hidden", letter } }));
    dispatcher.wake(to);
    return letter.id;
  };
  return { outbox, write, triesTo: (to: string) => tries.filter((one) => one === to).length };
}

async function until(condition: () => boolean, withinMs: number): Promise<boolean> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs; await sleep(10)) {
    if (condition()) return true;
  }
  return condition();
}

test("a letter that takes long keeps nobody else's from being tried again", async (t) => {
  const { write, triesTo } = await setUp(t, (to) => (to === ALICE ? NEVER : Promise.resolve(false)));
  write(ALICE);
  assert.ok(await until(() => triesTo(ALICE) === 1, 1_000));
  write(BOB);
  // No relay took it; the next try is due half a second later, the one after a second after that.
  assert.ok(await until(() => triesTo(BOB) >= 3, 4_000), `${triesTo(BOB)} tries`);
});

test("nor another letter to the same person", async (t) => {
  let calls = 0;
  const { write, triesTo } = await setUp(t, () => (calls++ === 0 ? NEVER : Promise.resolve(false)));
  write(BOB);
  assert.ok(await until(() => triesTo(BOB) === 1, 1_000));
  write(BOB);
  assert.ok(await until(() => triesTo(BOB) >= 4, 4_000), `${triesTo(BOB)} tries`);
});

test("a letter that cannot be sealed is tried at growing intervals, not all the time", async (t) => {
  let failures = 0;
  const fail = () => {
    failures++;
    throw new Error("broken");
  };
  const { write, outbox } = await setUp(t, async () => true, fail);
  const id = write(BOB);
  await sleep(1_200);
  assert.ok(failures >= 2 && failures <= 3, `${failures} tries in 1.2 s`);
  assert.equal(outbox.get(id, BOB)?.refusals, failures);
});
