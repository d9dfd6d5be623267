import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../core/bytes.ts";
import { SHARE_LIMITS } from "../core/limits.ts";
import { randomBytes } from "../core/random.ts";
import { encodeShare, joinShares, parseShare, type RecoveryShare, splitRecoveryKey } from "./recovery-share.ts";

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, "../../vectors/recovery-share.json"), "utf8"));

/** All choices of `count` of them. */
function choices<T>(all: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return all.flatMap((one, i) => choices(all.slice(i + 1), count - 1).map((rest) => [one, ...rest]));
}

test("any that are needed give the key back, fewer are refused, whatever the numbers", async () => {
  for (const [need, of] of [
    [2, 2],
    [2, 3],
    [3, 5],
    [4, 6],
    [16, 16],
  ] as const) {
    const key = randomBytes(32);
    const shares = await splitRecoveryKey(key, need, of);
    assert.equal(shares.length, of);
    for (const some of choices(shares, need)) assert.deepEqual(await joinShares(some), key);
    for (const some of choices(shares, need - 1)) await assert.rejects(joinShares(some), { code: "too_few_shares" });
    assert.deepEqual(await joinShares([...shares, ...shares]), key, "all, and repeated ones");
  }
});

test("too few shares that claim to be enough give no key", async () => {
  const key = randomBytes(32);
  const shares = await splitRecoveryKey(key, 3, 5);
  const claiming = shares.slice(0, 2).map((share) => ({ ...share, need: 2 }));
  await assert.rejects(joinShares(claiming), { code: "shares_wrong" });
});

test("shares of two splittings are refused together, also of the same key", async () => {
  const key = randomBytes(32);
  const [one, two] = [await splitRecoveryKey(key, 2, 3), await splitRecoveryKey(key, 2, 3)];
  const other = await splitRecoveryKey(randomBytes(32), 2, 3);
  const first = one[0] as RecoveryShare;
  for (const set of [two, other]) {
    await assert.rejects(joinShares([first, set[1] as RecoveryShare]), { code: "shares_mixed" });
    // Whoever puts the name of one splitting on shares of another.
    const renamed = { ...(set[1] as RecoveryShare), set: first.set };
    await assert.rejects(joinShares([first, renamed]), { code: "shares_wrong" });
  }
});

test("an altered share, its checksum made right again, gives no key", async () => {
  const shares = await splitRecoveryKey(randomBytes(32), 3, 4);
  const [first, second, third] = shares as [RecoveryShare, RecoveryShare, RecoveryShare];
  for (const altered of [
    { ...third, value: third.value.map((byte, i) => (i === 7 ? byte ^ 1 : byte)) },
    { ...third, index: (third.index % 255) + 1 },
    { ...third, index: first.index },
  ]) {
    await assert.rejects(joinShares([first, second, parseShare(encodeShare(altered).text)]), { code: "shares_wrong" });
  }
});

test("impossible numbers are refused", async () => {
  for (const [need, of] of [
    [1, 3],
    [4, 3],
    [2, SHARE_LIMITS.most + 1],
    [2.5, 4],
    [Number.NaN, 4],
  ] as const) {
    await assert.rejects(splitRecoveryKey(randomBytes(32), need, of), { code: "bad_share_count" });
  }
});

test("text and words say the same; a slip of the pen is noticed", async () => {
  const [share] = await splitRecoveryKey(randomBytes(32), 2, 2);
  const { text, words } = encodeShare(share as RecoveryShare);
  const list = words.split(" ");
  assert.equal(list.length, 33);
  const numbered = list.map((word, i) => `${i + 1}. ${word.toUpperCase()}\n`).join("");
  for (const form of [text, ` ${text}\n`, words, numbered]) assert.deepEqual(parseShare(form), share);
  const swapped = list.with(3, list[4] as string).with(4, list[3] as string);
  for (const wrong of [
    text.slice(0, -1),
    `${text}A`,
    text.replace(/.$/, (last) => (last === "A" ? "B" : "A")),
    list.slice(1).join(" "),
    list.with(5, "nocturne").join(" "),
    ...(list[3] === list[4] ? [] : [swapped.join(" ")]),
    "",
  ]) {
    assert.throws(() => parseShare(wrong), { code: "bad_share" });
  }
});

test("no text makes it fail otherwise than by a refusal", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String().map((text) => `nocturne:share/${text}`),
      ),
      (text) => {
        assert.throws(() => parseShare(text), { code: "bad_share" });
      },
    ),
  );
});

interface Told {
  readonly text: string;
  readonly words: string;
  readonly set: string;
  readonly need: number;
  readonly index: number;
  readonly value: string;
}

test("vectors", async () => {
  const key = fromHex(vectors.recoveryKey);
  const shares = vectors.shares.map(({ text, words, set, need, index, value }: Told) => {
    const share = parseShare(text);
    const told = { ...share, set: toHex(share.set), value: toHex(share.value) };
    assert.deepEqual(told, { set, need, index, value });
    assert.deepEqual(parseShare(words), share);
    assert.deepEqual(encodeShare(share), { text, words });
    return share;
  });
  for (const some of choices<RecoveryShare>(shares, vectors.need)) assert.deepEqual(await joinShares(some), key);
  for (const { why, text } of vectors.invalid.shares) assert.throws(() => parseShare(text), { code: "bad_share" }, why);
  for (const { why, code, shares: texts } of vectors.invalid.sets) {
    await assert.rejects(joinShares(texts.map(parseShare)), { code }, why);
  }
});
