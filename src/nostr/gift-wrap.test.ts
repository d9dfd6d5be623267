import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSecretKey } from "nostr-tools/pure";
import { verifyEvent } from "./event.ts";
import { blurredPast, openWrap, wrapText } from "./gift-wrap.ts";
import { publicKeyOf } from "./keys.ts";

const NOW_S = 1_700_000_000;
const secretKey = generateSecretKey();
const recipient = publicKeyOf(secretKey);

test("only the recipient opens a wrap", () => {
  const wrap = wrapText("a letter", recipient, NOW_S);
  assert.equal(wrap.kind, 1059);
  assert.deepEqual(wrap.tags, [["p", recipient]]);
  assert.ok(verifyEvent(wrap));
  assert.equal(openWrap(wrap, secretKey), "a letter");
  assert.throws(() => openWrap(wrap, generateSecretKey()), { code: "cannot_open" });
  assert.throws(() => openWrap({ ...wrap, kind: 1 }, secretKey), { code: "cannot_open" });
  assert.throws(() => openWrap({ ...wrap, pubkey: recipient }, secretKey), { code: "cannot_open" });
});

test("no two wraps share a key, a text or a length that tells the text's", () => {
  const [one, two] = [wrapText("yes", recipient, NOW_S), wrapText("certainly not", recipient, NOW_S)];
  assert.notEqual(one.pubkey, two.pubkey);
  assert.notEqual(one.content, two.content);
  assert.equal(one.content.length, two.content.length);
});

test("dates are spread over the two days before", () => {
  const dates = Array.from({ length: 2_000 }, () => blurredPast(NOW_S));
  assert.ok(dates.every((date) => date <= NOW_S && date >= NOW_S - 172_800));
  assert.ok(Math.min(...dates) < NOW_S - 150_000 && Math.max(...dates) > NOW_S - 20_000);
  const { created_at } = wrapText("x", recipient, NOW_S);
  assert.ok(created_at <= NOW_S && created_at >= NOW_S - 172_800);
});
