import assert from "node:assert/strict";
import { test } from "node:test";
import { keyPackagesOf, SessionWorld, type TestDevice } from "../../../test/support/session-world.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { forgetOld, headOf, receive, sealContent, sessionMembers } from "./session.ts";
import { utf8Decode, utf8Encode } from "../../core/bytes.ts";

const steady = () => 0.5;

async function meet(people: readonly string[], devicesEach: number): Promise<SessionWorld> {
  const world = new SessionWorld(people, devicesEach);
  const [first, ...others] = world.devices;
  if (!first) throw new Error("nobody");
  await first.begin({ kind: "group", name: "friends", admins: [first.own.account] });
  await first.change({ add: await keyPackagesOf(others) });
  await world.heal(steady);
  return world;
}

test("everybody reads everybody", async () => {
  const world = await meet(["ada", "bob", "cyd"], 2);
  for (const device of world.devices) await device.say(`hello from ${device.label}`);
  await world.heal(steady);
  for (const device of world.devices) {
    const others = world.texts.filter(({ by }) => by !== device.own.device).map(({ text }) => text);
    assert.deepEqual(device.shown.map(({ text }) => text).sort(), others.sort());
  }
});

test("whoever wrote, and in whatever order it comes: each text is its author's", async () => {
  const { devices } = await meet(["ada", "bob", "cyd", "dan"], 1);
  const [reader, ...writers] = devices.map(({ session, own }) => ({ session, device: own.device }));
  const sealed: { message: Uint8Array; device: string; epoch: string }[] = [];
  for (let i = 0; i < 3; i++) {
    for (const writer of writers) {
      assert.ok(writer.session);
      const { session, outgoing } = await sealContent(writer.session, utf8Encode(`${i} ${writer.device}`), 0);
      writer.session = session;
      sealed.push({ message: outgoing.message, device: writer.device, epoch: outgoing.epoch });
    }
  }
  let session = reader?.session;
  for (const { message, device, epoch } of [...sealed.slice(4), ...sealed.slice(0, 4).reverse()]) {
    assert.ok(session);
    const opened = await receive(session, epoch, message, 0);
    session = opened.session;
    assert.ok(opened.received.kind === "content");
    assert.equal(opened.received.sender.device, device);
    assert.ok(utf8Decode(opened.received.content).endsWith(device));
  }
});

test("two commits at once: one wins everywhere, the loser's change is made again", async () => {
  const world = await meet(["ada", "bob", "cyd"], 1);
  const [ada, bob, cyd] = world.devices;
  if (!ada || !bob || !cyd) return;
  const info = { kind: "group", name: "renamed", admins: [ada.own.account, bob.own.account] } as const;
  await ada.change({ info });
  await world.heal(steady);
  await Promise.all([ada.change({ info: { ...info, name: "by ada" } }), bob.change({ remove: [cyd.name] })]);
  await ada.say("in ada's branch");
  await bob.say("in bob's branch");
  await world.heal(steady);
  assert.ok(ada.session && bob.session && cyd.session);
  assert.equal(headOf(ada.session).id, headOf(bob.session).id);
  assert.equal(sessionMembers(ada.session).length, 2);
  assert.equal(cyd.isMember, false);
  assert.deepEqual(
    cyd.shown.map(({ text }) => text),
    ["in ada's branch"],
    "bob wrote after removing cyd",
  );
  assert.ok(bob.shown.some(({ text }) => text === "in ada's branch"));
});

test("changes of name and of admins at the same time: both stand", async () => {
  const world = await meet(["ada", "bob", "cyd"], 1);
  const [ada, bob, cyd] = world.devices as [TestDevice, TestDevice, TestDevice];
  const info = { kind: "group", name: "friends", admins: [ada.own.account, bob.own.account] } as const;
  await ada.change({ info });
  await world.heal(steady);
  await ada.change({ info: { ...info, name: "old friends" } });
  await bob.change({ info: { ...info, admins: [...info.admins, cyd.own.account] } });
  await world.heal(steady);
  for (const { info: seen } of world.devices) {
    assert.equal(seen?.name, "old friends");
    assert.deepEqual(new Set(seen.admins), new Set(world.devices.map(({ own }) => own.account)));
  }
});

test("two admins dismiss each other at the same time: one of them stays, and all know who", async () => {
  const world = await meet(["ada", "bob", "cyd"], 1);
  const [ada, bob] = world.devices as [TestDevice, TestDevice];
  const info = { kind: "group", name: "friends", admins: [ada.own.account, bob.own.account] } as const;
  await ada.change({ info });
  await world.heal(steady);
  await ada.change({ info: { ...info, admins: [ada.own.account] } });
  await bob.change({ info: { ...info, admins: [bob.own.account] } });
  await world.heal(steady);
  const seen = new Set(world.devices.map((device) => `${device.headId} ${device.info?.admins.join()}`));
  assert.equal(seen.size, 1);
  assert.equal(ada.info?.admins.length, 1);
});

/** Found by the model: the device stayed out, because the branch that removed it and lost had got further. */
test("who is added on the branch that wins is in, although the one that lost removed him later on", async () => {
  const world = await meet(["ada", "bob", "cyd", "dan"], 1);
  const [ada, bob, cyd, dan] = world.devices as [TestDevice, TestDevice, TestDevice, TestDevice];
  const info = { kind: "group", name: "friends", admins: [ada.own.account, bob.own.account] } as const;
  await ada.change({ info, remove: [dan.name] });
  await world.heal(steady);
  assert.equal(dan.isMember, false);

  world.sides.set(bob.own.device, 1);
  const add = [await dan.keyPackage()];
  await ada.change({ add });
  await ada.change({ info: { ...info, name: "longer" } });
  await world.carry(steady, 1);
  await ada.change({ remove: [dan.name] });
  await bob.change({ remove: [cyd.name] }); // which wins against any addition
  await bob.change({ add });
  await world.carry(steady, 1);
  assert.equal(dan.isMember, false);
  await world.heal(steady);
  for (const one of [ada, bob, dan]) assert.ok(one.isMember && one.sees(dan) && one.headId === bob.headId, one.label);
  await bob.say("welcome back");
  await world.heal(steady);
  assert.equal(dan.shown.at(-1)?.text, "welcome back");
});

test("the attack: a removed member reads nothing that is sealed afterwards, a member does", async () => {
  const world = await meet(["ada", "bob", "cyd"], 1);
  const [ada, bob, cyd] = world.devices;
  if (!ada?.session || !bob?.session || !cyd?.session) return;
  await ada.change({ remove: [cyd.name] });
  const { outgoing } = await sealContent(ada.session, utf8Encode("without cyd"), world.nowMs);
  for (const epoch of cyd.session.epochs.keys()) {
    await assert.rejects(receive(cyd.session, epoch, outgoing.message, world.nowMs), CryptoError);
  }
  await world.heal(steady);
  assert.equal((await receive(bob.session, outgoing.epoch, outgoing.message, world.nowMs)).received.kind, "content");
});

test("a commit that its author has no right to changes nothing", async () => {
  const world = await meet(["ada", "bob", "cyd"], 1);
  const [ada, bob, cyd] = world.devices;
  if (!ada?.session || !bob?.session || !cyd) return;
  const before = headOf(ada.session).id;
  await bob.change({ remove: [cyd.name] });
  const packet = bob.outbox.find(({ to }) => to === ada.own.device);
  assert.ok(packet?.what.kind === "frame");
  const { received } = await receive(ada.session, packet.what.epoch, packet.what.message, world.nowMs);
  assert.deepEqual(received, { kind: "refused" });
  assert.equal(headOf(ada.session).id, before);
});

test("a stolen state opens nothing older than the retention window, and nothing after the next commit", async () => {
  const world = await meet(["ada", "bob"], 1);
  const [ada, bob] = world.devices;
  if (!ada?.session || !bob?.session) return;
  await ada.say("old");
  const old = ada.outbox[0];
  await world.heal(steady);
  await bob.change({});
  await world.heal(steady);
  await ada.say("recent");
  const recent = ada.outbox.at(-1);
  await world.heal(steady);
  world.nowMs += SESSION_LIMITS.retentionMs + 1;
  const stolen = forgetOld(bob.session, world.nowMs);
  assert.ok(old?.what.kind === "frame" && recent?.what.kind === "frame");
  for (const { what } of [old, recent]) {
    if (what.kind !== "frame") continue;
    for (const epoch of stolen.epochs.keys()) {
      await assert.rejects(receive(stolen, epoch, what.message, world.nowMs), CryptoError);
    }
  }
  await ada.say("now");
  const now = ada.outbox.at(-1);
  assert.ok(now?.what.kind === "frame");
  const opened = await receive(stolen, now.what.epoch, now.what.message, world.nowMs);
  assert.equal(opened.received.kind, "content", "the control: what is sealed now, the thief can open");
  await world.heal(steady);
  await bob.change({});
  await world.heal(steady);
  await ada.say("after the commit");
  const after = ada.outbox.at(-1);
  assert.ok(after?.what.kind === "frame");
  // The thief also saw the commit itself, and everything else that passed.
  for (const epoch of stolen.epochs.keys()) {
    await assert.rejects(receive(stolen, epoch, after.what.message, world.nowMs), CryptoError);
  }
});
