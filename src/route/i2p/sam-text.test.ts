import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readReply, samLine } from "./sam-text.ts";

const key = fc.stringMatching(/^[A-Z_]{1,12}$/);
const bare = fc.stringMatching(/^[A-Za-z0-9~=.-]{0,60}$/);
const quoted = fc.string({ maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));
const topic = fc.constantFrom("HELLO REPLY", "SESSION STATUS", "STREAM STATUS");

test("what is written is read, quoted or not", () => {
  const pair = fc.record({ key, value: fc.oneof(bare, quoted), isQuoted: fc.boolean() });
  const pairs = fc.uniqueArray(pair, { selector: (one) => one.key, maxLength: 8 });
  fc.assert(
    fc.property(topic, pairs, (words, all) => {
      const text = all.map((one) => {
        const needsQuotes = one.isQuoted || !/^[A-Za-z0-9~=.-]*$/.test(one.value);
        return ` ${one.key}=${needsQuotes ? `"${one.value.replace(/["\\]/g, "\\$&")}"` : one.value}`;
      });
      const reply = readReply(words + text.join(""));
      assert.equal(reply.topic, words);
      assert.deepEqual(
        [...reply.values],
        all.map((one) => [one.key, one.value]),
      );
    }),
  );
});

test("any text is read or refused, and never read as something that is not in it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'AB ="\\\n') })), (text) => {
      const line = `STREAM STATUS ${text}`;
      try {
        for (const [name, value] of readReply(line).values) {
          assert.ok(line.includes(name) && line.replaceAll("\\", "").includes(value.replaceAll("\\", "")));
        }
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, "bad_sam_line");
      }
    }),
  );
});

test("a key with two values, an open quote, a line in a line and another protocol are refused", () => {
  for (const line of [
    "STREAM STATUS RESULT=OK RESULT=I2P_ERROR",
    'STREAM STATUS RESULT="OK',
    'STREAM STATUS RESULT="O"K',
    "STREAM STATUS RESULT=OK\u0000",
    "STREAM STATUS RESULT=OK\rX=1",
    "STREAM STATUS =OK",
    "HTTP/1.1 400 Bad Request",
    "",
  ]) {
    assert.throws(() => readReply(line), { code: "bad_sam_line" }, line);
  }
});

test("a message that a router writes without quotes does not hide the result", () => {
  const { values } = readReply("SESSION STATUS RESULT=I2P_ERROR MESSAGE=Socket already in use in use");
  assert.equal(values.get("RESULT"), "I2P_ERROR");
});

test("a word of somebody else never becomes a second command or pair", () => {
  assert.equal(samLine("STREAM CONNECT", { ID: "a", PORT: 7 }), "STREAM CONNECT ID=a PORT=7");
  for (const word of ["a.i2p\nSESSION REMOVE ID=a", "a.i2p SILENT=true", 'a"b', "a\\b", "a\u0000", "", "ä.i2p"]) {
    assert.throws(() => samLine("STREAM CONNECT", { DESTINATION: word }), { code: "bad_sam_word" });
  }
});
