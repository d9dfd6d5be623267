/** The reply reader: what was written in any form is read the same, wherever the bytes are split; noise never hangs it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8Encode } from "../../core/bytes.ts";
import { type Reply, ReplyReader } from "./control-reply.ts";
import { commandLine, readWords } from "./control-text.ts";

const LIMITS = { controlLineBytes: 2_000, controlReplyBytes: 20_000 };

const PLAIN = { noNullPrototype: true };
const text = fc.string({ unit: fc.constantFrom(...' .+-="\\ab09é$~'), maxLength: 30 });
const line = fc.record(
  { text, data: fc.option(fc.array(text, { maxLength: 4 }).map((lines) => lines.join("\n"))) },
  PLAIN,
);
const reply: fc.Arbitrary<Reply> = fc
  .record({ code: fc.integer({ min: 200, max: 699 }), lines: fc.array(line, { maxLength: 4 }), last: text }, PLAIN)
  .map(({ code, lines, last }) => ({ code, lines: [...lines, { text: last, data: null }] }));

/** As Tor writes it, from the specification and not from the reader. */
function write({ code, lines }: Reply): string {
  return lines
    .map(({ text, data }, i) => {
      if (data === null) return `${code}${i === lines.length - 1 ? " " : "-"}${text}\r\n`;
      const dotted = data.split("\n").map((line) => `${line.startsWith(".") ? "." : ""}${line}\r\n`);
      return `${code}+${text}\r\n${dotted.join("")}.\r\n`;
    })
    .join("");
}

/** Data of no lines and of one empty line are written alike here. */
const cases = fc.record(
  { replies: fc.array(reply, { maxLength: 5 }), cuts: fc.array(fc.nat(400), { maxLength: 20 }) },
  PLAIN,
);

test("replies are read as they were written, wherever they are split", () => {
  fc.assert(
    fc.property(cases, ({ replies, cuts }) => {
      const bytes = utf8Encode(replies.map(write).join(""));
      const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
      const reader = new ReplyReader(LIMITS);
      let start = 0;
      const read = ends.flatMap((end) => {
        const piece = bytes.slice(start, end);
        start = end;
        const found = reader.read(piece);
        piece.fill(0); // whose memory is used again
        return found;
      });
      assert.deepEqual(read, replies);
    }),
    { numRuns: 300 },
  );
});

test("noise is an error or nothing, never a hang, and never more memory than allowed", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }), (pieces) => {
      const reader = new ReplyReader(LIMITS);
      try {
        for (const piece of pieces) reader.read(piece);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "bad_control_reply");
      }
    }),
    { numRuns: 300 },
  );
});

test("forms that Tor never writes are refused", () => {
  for (const wrong of ["", "25 OK", "250OK", "2500 OK", "150 OK", "abc", "250-a\r\n251 b"]) {
    assert.throws(() => new ReplyReader(LIMITS).read(utf8Encode(`${wrong}\r\n`)), { code: "bad_control_reply" }, wrong);
  }
});

test("words are read as they were quoted", () => {
  const value = fc.string({ unit: fc.constantFrom(...' ="\\ab,$~é'), maxLength: 20 });
  fc.assert(
    fc.property(value, (value) => {
      const { plain, named } = readWords(commandLine("STREAM", ["7", { key: "USER", value }, "last"]));
      assert.deepEqual(plain, ["STREAM", "7", "last"]);
      assert.equal(named.get("USER"), value);
    }),
  );
  assert.equal(readWords('a K="\\303\\251\\t" b').named.get("K"), "Ã©\t", "bytes, not text");
});
