/**
 * The model that conversations are checked against: any sequence of steps on a world of people and devices, then
 * peace, and then what must hold. `checkModel` throws an assertion error that names what does not.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { keyPackagesOf, SessionWorld, type TestDevice } from "./session-world.ts";

export type Step =
  | { readonly kind: "say"; readonly who: number; readonly killed: boolean }
  | { readonly kind: "add" | "remove"; readonly who: number; readonly whom: number; readonly killed: boolean }
  | { readonly kind: "rename"; readonly who: number }
  | { readonly kind: "appoint"; readonly who: number; readonly whom: number }
  | { readonly kind: "carry"; readonly share: number }
  | { readonly kind: "part"; readonly sides: readonly number[] }
  | { readonly kind: "wait"; readonly hours: number };

const PEOPLE = ["ada", "bob", "cyd"];
const DEVICES_EACH = 3;
const STEPS = 24;

const who = fc.nat({ max: PEOPLE.length * DEVICES_EACH - 1 });
const killed = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

/** Steps of one run, and the number that the network's whims come from. */
export const runs: fc.Arbitrary<{ seed: number; steps: Step[] }> = fc.record({
  seed: fc.integer(),
  steps: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ kind: fc.constant("say" as const), who, killed }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("add" as const), who, whom: who, killed }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), who, whom: who, killed }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), who }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("appoint" as const), who, whom: who }) },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant("carry" as const),
          share: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("part" as const),
          sides: fc.array(fc.nat({ max: 2 }), { minLength: 9, maxLength: 9 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 8 }) }),
      },
    ),
    { minLength: 4, maxLength: STEPS },
  ),
});

/** Plays the steps, makes peace, and checks that all agree and every message reached whom it was sealed for, once. */
export async function checkModel({ seed, steps }: { seed: number; steps: readonly Step[] }): Promise<void> {
  const random = seeded(seed);
  const world = new SessionWorld(PEOPLE, DEVICES_EACH);
  const founders = [0, 1, 3, 4, 6].map((index) => world.at(index));
  const admins = [world.at(0).own.account, world.at(3).own.account];
  await world.at(0).begin({ kind: "group", name: "model", admins });
  await world.at(0).change({ add: await keyPackagesOf(founders.slice(1)) });
  await world.heal(random);
  for (const [index, step] of steps.entries()) await play(world, step, index, random);
  await world.heal(random);
  checkAgreement(world);
  checkDelivery(world);
}

async function play(world: SessionWorld, step: Step, index: number, random: () => number): Promise<void> {
  switch (step.kind) {
    case "say":
      return world.at(step.who).say(`text ${index}`, step.killed);
    case "add":
      return add(world.at(step.who), world.at(step.whom), step.killed);
    case "remove":
      return remove(world.at(step.who), world.at(step.whom), step.killed);
    case "rename":
      return rename(world.at(step.who), `name ${index}`);
    case "appoint":
      return appoint(world.at(step.who), world.at(step.whom));
    case "carry":
      await world.carry(random, step.share);
      return;
    case "part":
      for (const [i, device] of world.devices.entries()) world.sides.set(device.own.device, step.sides[i] ?? 0);
      return;
    case "wait":
      world.nowMs += step.hours * 3_600_000;
      for (const device of world.devices) await device.renewIfDue();
  }
}

async function add(by: TestDevice, whom: TestDevice, killed: boolean): Promise<void> {
  const isAllowed = by.isAdmin || by.own.account === whom.own.account;
  if (isAllowed && by.isMember && !by.sees(whom)) await by.change({ add: [await whom.keyPackage()] }, killed);
}

async function remove(by: TestDevice, whom: TestDevice, killed: boolean): Promise<void> {
  const isAllowed = by.isAdmin || by.own.account === whom.own.account;
  if (isAllowed && by !== whom && by.isMember && by.sees(whom)) await by.change({ remove: [whom.name] }, killed);
}

async function rename(by: TestDevice, name: string): Promise<void> {
  const info = by.info;
  if (by.isAdmin && info) await by.change({ info: { ...info, name } });
}

/** Makes the other one's account an admin, or no admin any more; the last one stays. */
async function appoint(by: TestDevice, whom: TestDevice): Promise<void> {
  const { info } = by;
  if (!by.isAdmin || !info) return;
  const others = info.admins.filter((account) => account !== whom.own.account);
  const admins = others.length < info.admins.length ? others : [...others, whom.own.account];
  if (admins.length > 0) await by.change({ info: { ...info, admins } });
}

function checkAgreement(world: SessionWorld): void {
  const waiting = world.devices.filter(({ outbox }) => outbox.length > 0).map(({ label }) => label);
  assert.deepEqual(waiting, [], "something never arrived");
  const members = world.devices.filter(({ isMember }) => isMember);
  const [first] = members;
  for (const device of members) {
    assert.equal(device.headId, first?.headId, `${device.label} and ${first?.label} write in different epochs`);
    const seen = world.devices.filter((other) => device.sees(other)).map(({ label }) => label);
    assert.deepEqual(
      seen,
      members.map(({ label }) => label),
      `${device.label} sees other members than there are`,
    );
  }
}

function checkDelivery(world: SessionWorld): void {
  for (const device of world.devices) {
    const shown = device.shown.map(({ text }) => text);
    assert.equal(new Set(shown).size, shown.length, `${device.label} was shown something twice`);
    const meant = world.texts.filter(({ to }) => to.includes(device.own.device)).map(({ text }) => text);
    assert.deepEqual(shown.toSorted(), meant.toSorted(), `${device.label} was not shown exactly what was meant for it`);
    for (const { text, from } of device.shown) {
      assert.equal(world.texts.find((sent) => sent.text === text)?.by, from, "a message has another author");
    }
  }
}

/** mulberry32: small, and the same sequence for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
