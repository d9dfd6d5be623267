import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseRedundancy, fewerThan, type Redundancy, repairThreshold } from "./redundancy.ts";

const machines = (count: number, uptime: number): number[] => Array.from({ length: count }, () => uptime);

test("forty good machines: twenty of forty; thirty worse ones: a third", () => {
  assert.deepEqual(shape(machines(40, 0.9)), [20, 40]);
  assert.deepEqual(shape(machines(400, 0.9)), [20, 40], "and no more of more");
  assert.deepEqual(shape(machines(30, 0.8)), [9, 30]);
});

test("no more fragments are asked for than keeps the promise, and no fewer", () => {
  const uptimes = fc.array(fc.double({ min: 0.5, max: 1, noNaN: true }), { minLength: 6, maxLength: 40 });
  fc.assert(
    fc.property(uptimes, (ups) => {
      const { needed, total, unavailability, holds } = chooseRedundancy(ups) as Redundancy;
      const law = fewerThan(ups);
      assert.equal(holds, unavailability <= 1e-9);
      assert.ok(holds || needed === 1);
      assert.ok(needed === Math.floor(total / 2) || (law[needed + 1] as number) > 1e-9);
    }),
  );
});

test("few machines get copies, and it is said when that does not hold", () => {
  assert.equal(chooseRedundancy([]), null);
  assert.deepEqual(chooseRedundancy(machines(5, 0.9)), {
    needed: 1,
    total: 5,
    unavailability: fewerThan(machines(5, 0.9))[1],
    holds: false,
  });
  assert.equal(chooseRedundancy(machines(5, 0.99))?.holds, true);
  assert.equal(chooseRedundancy(machines(8, 0.3))?.holds, false);
});

test("the best machines count", () => {
  assert.deepEqual(
    chooseRedundancy([...machines(40, 0.95), ...machines(100, 0.1)]),
    chooseRedundancy(machines(40, 0.95)),
  );
});

test("the law is that of independent machines: as the sum over all their states says", () => {
  const uptimes = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 });
  fc.assert(
    fc.property(uptimes, (ups) => {
      const law = fewerThan(ups);
      for (let wanted = 0; wanted <= ups.length; wanted++) {
        let sum = 0;
        for (let state = 0; state < 2 ** ups.length; state++) {
          const isUp = ups.map((_, i) => ((state >> i) & 1) === 1);
          if (isUp.filter(Boolean).length >= wanted) continue;
          sum += ups.reduce((product, up, i) => product * (isUp[i] ? up : 1 - up), 1);
        }
        assert.ok(Math.abs((law[wanted] as number) - sum) < 1e-12, `${wanted} of ${ups.join(" ")}`);
      }
    }),
  );
});

test("repair begins while a third of what may be lost is left", () => {
  assert.equal(repairThreshold({ needed: 20, total: 40 }), 27);
  assert.equal(repairThreshold({ needed: 10, total: 30 }), 17);
  assert.equal(repairThreshold({ needed: 1, total: 5 }), 3);
});

function shape(uptimes: readonly number[]): (number | undefined)[] {
  const chosen = chooseRedundancy(uptimes);
  return [chosen?.needed, chosen?.total];
}
