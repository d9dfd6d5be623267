import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ValidationError } from "../core/errors.ts";
import { parseRecoveryKey, recoveryKeyToHex, recoveryKeyToWords } from "./recovery-key.ts";

/** The 32-byte cases of the BIP-39 reference vectors (github.com/trezor/python-mnemonic, vectors.json). */
const BIP39 = [
  ["00".repeat(32), `${"abandon ".repeat(23)}art`],
  [
    "7f".repeat(32),
    `${"legal winner thank year wave sausage worth useful ".repeat(2)}legal winner thank year wave sausage worth title`,
  ],
  [
    "80".repeat(32),
    `${"letter advice cage absurd amount doctor acoustic avoid ".repeat(2)}letter advice cage absurd amount doctor acoustic bless`,
  ],
  ["ff".repeat(32), `${"zoo ".repeat(23)}vote`],
] as const;

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("recovery key", () => {
  it("agrees with the reference vectors of BIP-39", () => {
    for (const [hex, words] of BIP39) {
      const key = Uint8Array.from(Buffer.from(hex, "hex"));
      assert.equal(recoveryKeyToWords(key), words);
      assert.equal(recoveryKeyToHex(key).hex, hex);
      assert.deepEqual(parseRecoveryKey(words), key);
    }
    assert.equal(recoveryKeyToHex(new Uint8Array(32)).checksum, "66");
  });

  it("comes back from every form, however it was grouped, numbered or capitalised", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const { hex, checksum } = recoveryKeyToHex(key);
        const words = recoveryKeyToWords(key).split(" ");
        const forms = [
          hex,
          hex + checksum,
          `${hex.match(/.{8}/g)?.join("-")}-${checksum}`,
          `  ${hex.toUpperCase().match(/.{4}/g)?.join(" ")}\n${checksum}\n`,
          words.join(" "),
          words.join("\n").toUpperCase(),
          words.map((word, i) => `${i + 1}. ${word}`).join("\r\n"),
        ];
        for (const form of forms) assert.deepEqual(parseRecoveryKey(form), key);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses every wrong checksum, and nearly every slip in hex and words", () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => (i * 37) & 255);
    const { hex, checksum } = recoveryKeyToHex(key);
    for (let wrong = 0; wrong < 256; wrong++) {
      const text = wrong.toString(16).padStart(2, "0");
      if (text !== checksum) assert.throws(() => parseRecoveryKey(hex + text), ValidationError);
    }
    const slips: string[] = [];
    for (let i = 0; i < hex.length; i++) {
      for (const digit of "0123456789abcdef".replace(hex[i] as string, "")) {
        slips.push(hex.slice(0, i) + digit + hex.slice(i + 1) + checksum);
      }
    }
    const words = recoveryKeyToWords(key).split(" ");
    for (let i = 0; i < 24; i++) {
      for (const other of ["abandon", "zoo", "legal", "moon", "river", "vote"]) {
        if (words[i] !== other) slips.push(words.with(i, other).join(" "));
      }
    }
    const accepted = slips.filter((slip) => {
      try {
        return parseRecoveryKey(slip).length > 0;
      } catch {
        return false;
      }
    });
    assert.ok(accepted.length / slips.length < 0.02, `${accepted.length} of ${slips.length} slips passed`);
  });

  it("says what is wrong and where, without repeating any of it", () => {
    const words = recoveryKeyToWords(new Uint8Array(32).fill(7)).split(" ");
    const hex = "07".repeat(32);
    const cases: [string, RegExp][] = [
      ["", /24 words, and this has 0/],
      [words.slice(0, 23).join(" "), /this has 23 words/],
      [words.with(6, "nocturnal").join(" "), /word 7 is not in the list/],
      [[...words.slice(1), words[0]].join(" "), /checksum does not match, so a word/],
      [hex.slice(1), /must have 64 characters, or 66 with its checksum, not 63/],
      [`${hex}00`, /checksum does not match, so a character/],
      [`${hex.slice(0, 63)}z`, /64 hexadecimal characters or 24 words/],
    ];
    for (const [text, reason] of cases) {
      assert.throws(
        () => parseRecoveryKey(text),
        (error: unknown) => {
          assert.ok(error instanceof ValidationError);
          assert.equal(error.code, "bad_recovery_key");
          assert.match(error.message, reason);
          for (const word of text.split(" "))
            assert.ok(!word || !error.message.includes(` ${word} `), "repeats the key");
          return true;
        },
      );
    }
  });
});
