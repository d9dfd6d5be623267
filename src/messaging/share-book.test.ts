/** Shares of a recovery key with contacts: who gets which, what is told of them, and what brings the key back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceOf, letterCells } from "../../test/support/cells.ts";
import { createWorld, meet, type Person, until } from "../../test/support/messenger-world.ts";
import { toHex } from "../core/bytes.ts";
import { encodeShare, joinShares, parseShare, splitRecoveryKey } from "../crypto/recovery-share.ts";
import { letterHead } from "./letter.ts";
import { Outbox } from "./outbox.ts";

/** As `splitKey` of the node does. */
async function give(owner: Person, need: number, names: readonly string[]): Promise<void> {
  const keepers = owner.messenger.recovery.keepers(names);
  const shares = await splitRecoveryKey(owner.vault.recoveryKey(), need, keepers.length);
  owner.messenger.recovery.give(
    need,
    new Map(keepers.map((account, i) => [account, encodeShare(shares[i] as never).text])),
  );
}

const arrived = (owner: Person) => {
  const { given } = owner.messenger.recovery.shares();
  return given !== null && given.people.every((person) => person.arrived);
};

test("each keeper holds one share and shows it when asked; enough of them are the key; a new splitting takes their place", async (t) => {
  const { person } = createWorld(t);
  const alice = await person("Alice");
  const friends = [await person("Bob"), await person("Carol")];
  const stranger = await person("Dave");
  const [bob] = friends as [Person];
  await meet(alice, bob);
  const { link } = await alice.messenger.createInvite();
  for (const one of [...friends.slice(1), stranger]) await one.messenger.addContact({ invite: link, name: "Alice" });
  await until(() => alice.messenger.contacts().length === 3, "all ask");
  alice.messenger.accept("Carol");
  await until(() => friends[1]?.messenger.contact("Alice").state === "accepted", "Carol is accepted");

  const { recovery } = alice.messenger;
  assert.deepEqual(recovery.shares(), { given: null, kept: 0 });
  for (const [names, code] of [
    [["Bob", "Dave"], "keeper_not_accepted"],
    [["Bob", "bob"], "keeper_named_twice"],
    [["Bob", "Nobody"], "unknown_contact"],
  ] as const) {
    assert.throws(() => recovery.keepers(names), { code });
  }
  await give(alice, 2, ["Bob", "Carol"]);
  await until(() => arrived(alice), "both have theirs");
  assert.deepEqual(
    recovery.shares().given?.people.map(({ name }) => name),
    ["Bob", "Carol"],
  );
  const reveal = (friend: Person) => parseShare(friend.messenger.recovery.reveal("Alice").words);
  for (const friend of friends) assert.deepEqual(friend.messenger.recovery.shares(), { given: null, kept: 1 });
  assert.deepEqual(await joinShares(friends.map(reveal)), alice.vault.recoveryKey());
  await assert.rejects(joinShares([reveal(bob)]), { code: "too_few_shares" });
  assert.throws(() => recovery.reveal("Bob"), { code: "no_share_kept" });
  assert.equal(bob.texts().length, 0, "it is no message");

  const before = reveal(bob);
  await give(alice, 2, ["Bob", "Carol"]);
  await until(() => arrived(alice) && toHex(reveal(bob).value) !== toHex(before.value), "new ones took their place");
  await assert.rejects(joinShares([before, reveal(friends[1] as Person)]), { code: "shares_mixed" });
  bob.messenger.removeContact("Alice");
  assert.equal(bob.messenger.recovery.shares().kept, 0);
});

test("a share that never went does not count as arrived, whatever became of its letter", async (t) => {
  const { person } = createWorld(t);
  const [alice, bob] = [await person("Alice"), await person("Bob")];
  await meet(alice, bob);
  bob.crash();
  const account = bob.vault.identity().publicKey;
  const [share] = await splitRecoveryKey(alice.vault.recoveryKey(), 2, 2);
  alice.messenger.recovery.give(2, new Map([[account, encodeShare(share as never).text]]));
  const state = () => {
    const { arrived: has, underWay } = alice.messenger.recovery.shares().given?.people[0] ?? {};
    return { has, underWay };
  };
  assert.deepEqual(state(), { has: false, underWay: true });
  // As after a restore, whose backup has no letters of this kind, or when the dispatcher can make nothing of it.
  new Outbox(alice.vault).removeAllTo(account);
  assert.deepEqual(state(), { has: false, underWay: false });
});

test("a share is taken from an accepted contact through the session only, and nothing else is kept", async (t) => {
  const { relay, clock, person } = createWorld(t);
  const [alice, bob, mallory] = [await person("Alice"), await person("Bob"), await person("Mallory")];
  await meet(alice, bob);
  await give(alice, 2, ["Bob"]).then(
    () => assert.fail("one share is no splitting"),
    (error: { code: string }) => assert.equal(error.code, "bad_share_count"),
  );
  const [share] = await splitRecoveryKey(mallory.vault.recoveryKey(), 2, 2);
  const letter = { ...letterHead(clock.now), kind: "share", share: encodeShare(share as never).text } as const;
  // In an envelope: by somebody unknown, and in the name of a contact by who stole Bob's keys would be possible.
  const { pool } = relay.connect();
  for (const from of [mallory, alice]) {
    for (const cell of letterCells(letter, from.vault.identity(), deviceOf(bob.vault.identity()), clock.now)) {
      await pool.publish("", cell);
    }
  }
  const altered = `nocturne:share/${"A".repeat(60)}`;
  alice.messenger.recovery.give(2, new Map([[bob.vault.identity().publicKey, altered]]));
  await until(() => arrived(alice), "it is acknowledged, so that it is not repeated for ever");
  const { id } = await alice.messenger.send({ to: "Bob", text: "after it" });
  await alice.messenger.waitFor(id, "delivered", AbortSignal.timeout(10_000));
  assert.equal(bob.messenger.recovery.shares().kept, 0);
});
