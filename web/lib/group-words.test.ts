import assert from "node:assert/strict";
import { test } from "node:test";
import type { Group, GroupMember } from "../../src/api/contract.ts";
import { canBeAsked, groupStanding, isLastAdmin, membersIn, nameSome } from "./group-words.ts";
import { sampleContact } from "../testing/samples.ts";

const person = (name: string, more: Partial<GroupMember> = {}): GroupMember => ({
  npub: `npub1${name.toLowerCase()}`,
  name,
  admin: false,
  me: false,
  state: "member",
  ...more,
});

function groupOf(...members: readonly GroupMember[]): Group {
  const admin = members.some((member) => member.me && member.admin);
  return { id: `g${"00".repeat(16)}`, name: "Climbers", members, admin, joined: true, link: null };
}

const ada = person("Ada", { me: true, admin: true });

test("one stands first, the others by name, each among those of the same standing", () => {
  const group = groupOf(person("Cyd"), person("Dan", { state: "invited" }), person("Bob"), ada);
  assert.deepEqual(
    membersIn(group, "member").map(({ name }) => name),
    ["Ada", "Bob", "Cyd"],
  );
  assert.deepEqual(
    membersIn(group, "invited").map(({ name }) => name),
    ["Dan"],
  );
});

test("the line below the name counts members and who was asked", () => {
  assert.equal(groupStanding(groupOf(ada)), "1 member");
  assert.equal(groupStanding(groupOf(ada, person("Bob"), person("Dan", { state: "invited" }))), "2 members, 1 asked");
  assert.equal(groupStanding({ ...groupOf(ada), joined: false }), "You are not in this group any more");
});

test("only who decides alone has to appoint somebody first", () => {
  assert.ok(isLastAdmin(groupOf(ada, person("Bob"))));
  assert.ok(!isLastAdmin(groupOf(ada, person("Bob", { admin: true }))));
  assert.ok(!isLastAdmin(groupOf(ada)), "alone one may go");
  assert.ok(!isLastAdmin(groupOf(ada, person("Dan", { state: "invited" }))), "who was asked is not in");
  assert.ok(!isLastAdmin(groupOf(person("Ada", { me: true }), person("Bob", { admin: true }))));
});

test("asked are contacts who accepted and use Nocturne", () => {
  assert.ok(canBeAsked(sampleContact()));
  assert.ok(!canBeAsked(sampleContact({ state: "pending" })));
  assert.ok(!canBeAsked(sampleContact({ encryption: "interop" })));
});

test("many names stay one line", () => {
  assert.equal(nameSome(["Ada"]), "Ada");
  assert.equal(nameSome(["Ada", "Bob"]), "Ada and Bob");
  assert.equal(nameSome(["Ada", "Bob", "Cyd"]), "Ada, Bob and 1 other");
  assert.equal(nameSome(["Ada", "Bob", "Cyd", "Dan"]), "Ada, Bob and 2 others");
});
