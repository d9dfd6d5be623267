import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { toHex } from "../../core/bytes.ts";
import { systemClock } from "../../core/clock.ts";
import { CELL_LIMITS } from "../../core/cell-limits.ts";
import { createLogger } from "../../core/log.ts";
import { randomBytes } from "../../core/random.ts";
import { openVault, type Vault } from "../../vault/vault.ts";
import { Lanes } from "./lanes.ts";

const [SESSION, EPOCH] = ["01".repeat(16), "02".repeat(16)];
const [ALICE, BOB] = ["aa".repeat(32), "bb".repeat(32)];
const WINDOW = CELL_LIMITS.window;

/** One end of a pair of lanes, over a vault on disk; `restart` is what a crash leaves. */
class End {
  lanes!: Lanes;
  readonly #vault: Vault;
  readonly #own: string;
  readonly #other: string;

  constructor(vault: Vault, own: string, other: string) {
    this.#vault = vault;
    this.#own = own;
    this.#other = other;
    this.restart();
  }

  restart(): void {
    this.lanes = new Lanes(this.#vault, this.#own);
  }

  join(exported: Uint8Array): void {
    this.#vault.transaction(() => this.lanes.add(SESSION, EPOCH, exported, [this.#other]));
  }

  forget(): void {
    this.#vault.transaction(() => this.lanes.remove(SESSION, EPOCH));
  }

  send(): { address: string; heard: number } | null {
    const [slot] = this.lanes.take(SESSION, EPOCH, this.#other, 1) ?? [];
    return slot ? { address: toHex(slot.address), heard: slot.heard } : null;
  }

  /** Takes a slot in a transaction that is undone afterwards. */
  sendInVain(): void {
    assert.throws(() =>
      this.#vault.transaction(() => {
        this.send();
        throw new Error("the disk is full");
      }),
    );
  }

  /** True if the cell was expected. */
  take(cell: { address: string; heard: number } | null): boolean {
    const expected = cell && this.lanes.find(cell.address);
    if (!expected) return false;
    this.lanes.arrived(expected, cell.address, cell.heard);
    this.#vault.transaction(() => this.lanes.note(expected));
    return true;
  }
}

async function createPair(t: TestContext): Promise<[End, End]> {
  const exported = randomBytes(32);
  const make = async (own: string, other: string) => {
    const dataDir = mkdtempSync(join(tmpdir(), "nocturne-test-"));
    const vault = await openVault({ dataDir, clock: systemClock, log: createLogger("silent") });
    t.after(() => {
      vault.close();
      rmSync(dataDir, { recursive: true, force: true });
    });
    const end = new End(vault, own, other);
    end.join(exported);
    return end;
  };
  return [await make(ALICE, BOB), await make(BOB, ALICE)];
}

test("no address comes twice, over crashes too, and the other finds each once", async (t) => {
  const [alice, bob] = await createPair(t);
  const sent = new Set<string>();
  for (let i = 0; i < 300; i++) {
    if (i % 7 === 0) alice.restart();
    if (i % 11 === 0) bob.restart();
    const cell = alice.send();
    assert.ok(cell, `cell ${i}`);
    assert.ok(!sent.has(cell.address));
    sent.add(cell.address);
    assert.ok(bob.take(cell));
    assert.ok(!bob.take(cell), "it is not expected again");
    assert.ok(alice.take(bob.send()), "the way back says what was heard");
  }
});

test("who is not heard stops at the window, and goes on when he is", async (t) => {
  const [alice, bob] = await createPair(t);
  const cells = Array.from({ length: WINDOW }, () => alice.send());
  assert.ok(cells.every(Boolean));
  assert.equal(alice.send(), null);
  assert.ok(bob.take(cells.at(-1) ?? null), "only the last one came");
  assert.ok(alice.take(bob.send()));
  const more = Array.from({ length: WINDOW }, () => alice.send());
  assert.ok(more.every(Boolean), "a whole window further");
  for (const cell of [...cells.slice(0, -1).reverse(), ...more.reverse()]) assert.ok(bob.take(cell), "in any order");
});

test("a window wider than is allowed would leave cells that nobody finds", async (t) => {
  const [alice, bob] = await createPair(t);
  // What a sender that does not stop would do: it goes on without having been heard.
  const cells = Array.from({ length: WINDOW }, () => alice.send());
  alice.take({ address: bob.send()?.address ?? "", heard: WINDOW });
  assert.equal(bob.take(alice.send()), false, "index 64 of a lane of which nothing came");
  assert.ok(bob.take(cells[0] ?? null));
});

test("a false `heard` opens no more than what was sent", async (t) => {
  const [alice, bob] = await createPair(t);
  alice.send();
  assert.ok(alice.take({ address: bob.send()?.address ?? "", heard: 4_294_967_295 }));
  const cells = Array.from({ length: WINDOW + 1 }, () => alice.send());
  assert.equal(cells.filter(Boolean).length, WINDOW);
});

test("a lane of another epoch, direction or group key is another lane", async (t) => {
  const [alice, bob] = await createPair(t);
  assert.equal(alice.lanes.find(alice.send()?.address ?? ""), null, "not one's own");
  const [stranger] = await createPair(t);
  assert.equal(bob.take(stranger.send()), false);
});

test("a forgotten epoch takes and expects nothing, in memory and on disk", async (t) => {
  const [alice, bob] = await createPair(t);
  const cell = alice.send();
  for (const end of [alice, bob]) {
    end.forget();
    end.restart();
  }
  assert.equal(alice.lanes.has(SESSION, EPOCH), false);
  assert.equal(alice.send(), null);
  assert.equal(bob.take(cell), false);
});

test("somebody counts as heard in a session once something of his came there", async (t) => {
  const [alice, bob] = await createPair(t);
  assert.equal(bob.lanes.isHeard(SESSION, ALICE), false);
  bob.take(alice.send());
  assert.equal(bob.lanes.isHeard(SESSION, ALICE), true);
  bob.restart();
  assert.equal(bob.lanes.isHeard(SESSION, ALICE), true);
});

test("what was marked as used in a transaction that was undone is marked again, before a cell leaves", async (t) => {
  const [alice] = await createPair(t);
  alice.sendInVain();
  const left = alice.send();
  alice.restart();
  const later = Array.from({ length: CELL_LIMITS.reserve }, () => alice.send()?.address);
  assert.ok(left && !later.includes(left.address), "no address twice");
});
