import assert from "node:assert/strict";
import { test } from "node:test";
import { CryptoError } from "../../core/errors.ts";
import { utf8Encode } from "../../core/bytes.ts";
import { type Change, decodeGroupInfo, encodeGroupInfo, type GroupInfo, isAllowed } from "./group-info.ts";

const [ada, bob, cyd, eve] = ["a", "b", "c", "e"].map((letter) => ({
  account: letter.repeat(64),
  device: letter.repeat(64),
}));
const info: GroupInfo = { kind: "group", name: "friends", admins: [ada?.account ?? ""] };
const none = { added: [], removed: [], info: null, leaving: [] };

function may(change: Partial<Change> & Pick<Change, "by">, members = [ada, bob, cyd], of: GroupInfo = info): boolean {
  return isAllowed(
    { ...none, ...change },
    of,
    members.filter((member) => member !== undefined),
  );
}

test("admins change everything, members only what is theirs", () => {
  assert.ok(ada && bob && cyd && eve);
  assert.ok(may({ by: ada, added: [eve], removed: [bob], info: { ...info, name: "x" } }));
  assert.equal(may({ by: bob, added: [eve] }), false);
  assert.equal(may({ by: bob, removed: [cyd] }), false);
  assert.equal(may({ by: bob, removed: [cyd], added: [cyd] }), false, "nor puts in again whom he does not own");
  assert.equal(may({ by: bob, info: { ...info, admins: [bob.account] } }), false);
  assert.ok(may({ by: bob, removed: [cyd], leaving: [cyd.account] }));
  assert.ok(may({ by: bob, added: [{ ...bob, device: "d".repeat(64) }] }));
  assert.equal(may({ by: ada, info: { ...info, kind: "direct" } }), false, "a group stays one");
});

test("when no admin is left, all members are admins", () => {
  assert.ok(bob && cyd && eve);
  assert.ok(may({ by: bob, added: [eve] }, [bob, cyd]));
  assert.ok(may({ by: cyd, info: { ...info, admins: [bob.account] } }, [bob, cyd]));
});

test("in a direct conversation nobody has more rights, and nobody else comes in", () => {
  assert.ok(ada && bob && eve);
  const direct: GroupInfo = { kind: "direct", name: "", admins: [ada.account, bob.account] };
  assert.equal(may({ by: ada, added: [eve] }, [ada, bob], direct), false);
  assert.equal(may({ by: ada, removed: [bob] }, [ada, bob], direct), false);
  assert.equal(may({ by: ada, info: { ...direct, name: "x" } }, [ada, bob], direct), false);
  assert.ok(may({ by: ada, added: [{ ...ada, device: "d".repeat(64) }] }, [ada, bob], direct));
});

test("what is no info is refused", () => {
  assert.deepEqual(decodeGroupInfo(encodeGroupInfo(info)), info);
  for (const text of [
    "",
    "{}",
    '{"v":2,"kind":"group","name":"","admins":[]}',
    JSON.stringify({ ...info, v: 1, admins: [] }),
  ]) {
    assert.throws(() => decodeGroupInfo(utf8Encode(text)), CryptoError);
  }
});
