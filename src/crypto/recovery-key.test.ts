import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromHex, toHex } from "../core/bytes.ts";
import { CryptoError, ValidationError } from "../core/errors.ts";
import { sealRecoverySlot } from "../vault/access.ts";
import { deriveBackupKey } from "../vault/backup.ts";
import { createRoot, identityOf } from "../vault/identity.ts";
import { KeyRing } from "../vault/key-ring.ts";
import { deriveKey } from "./key-derivation.ts";
import { openWithKey } from "./key-slots.ts";
import { parseRecoveryKey, recoveryKeyToHex, recoveryKeyToWords } from "./recovery-key.ts";

/** Computed by another program than this one (its `origin`); `source` says which are published elsewhere. */
const VECTORS = JSON.parse(readFileSync(new URL("../../vectors/recovery-key.json", import.meta.url), "utf8")) as {
  keys: {
    source: string;
    key: string;
    checksum: string;
    words: string;
    nostrSecretKey: string;
    nostrPublicKey: string;
    derived: Record<"vault/v1" | "identity/x-wing/v1" | "identity/ml-dsa/v1" | "files/v1", string>;
  }[];
  vault: {
    key: string;
    derived: Record<"vault/index/v1" | "vault/table/messages/v1" | "vault/root/v1" | "vault/backup/v1", string>;
  };
  key: string;
  accepted: { how: string; text: string }[];
  refused: { why: string; text: string }[];
};

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("recovery key", () => {
  it("has the vectors' words and checksums, those of BIP-39 and NIP-06 among them", () => {
    for (const { key: hex, checksum, words, source } of VECTORS.keys) {
      const key = fromHex(hex);
      assert.equal(recoveryKeyToWords(key), words, source);
      assert.deepEqual(recoveryKeyToHex(key), { hex, checksum }, source);
      for (const text of [words, hex, hex + checksum]) assert.deepEqual(parseRecoveryKey(text), key, source);
    }
  });

  it("gives the vectors' identity, and the secrets that open the slots of vault and files", () => {
    for (const { key, nostrSecretKey, nostrPublicKey, derived, source } of VECTORS.keys) {
      const identity = identityOf(createRoot(fromHex(key), 0));
      assert.equal(toHex(identity.nostrSecretKey), nostrSecretKey, source);
      assert.equal(identity.publicKey, nostrPublicKey, source);
      assert.equal(toHex(identity.hybrid.secretKey), derived["identity/x-wing/v1"], source);
      assert.equal(toHex(identity.signing.secretKey), derived["identity/ml-dsa/v1"], source);
      const slot = sealRecoverySlot(fromHex(VECTORS.vault.key), fromHex(key));
      assert.equal(toHex(openWithKey([slot], "recovery", fromHex(derived["vault/v1"]))), VECTORS.vault.key, source);
      assert.throws(() => openWithKey([slot], "recovery", fromHex(derived["files/v1"])), CryptoError);
      for (const [label, value] of Object.entries(derived)) assert.equal(toHex(deriveKey(fromHex(key), label)), value);
    }
  });

  it("leads to a vault key, which gives the vectors' keys of tables, root and backup", () => {
    const { key, derived } = VECTORS.vault;
    const ring = new KeyRing(fromHex(key));
    const { rows, index } = ring.tableKeys("messages");
    assert.equal(toHex(rows), derived["vault/table/messages/v1"]);
    assert.equal(toHex(index), derived["vault/index/v1"]);
    assert.equal(toHex(ring.rootKey), derived["vault/root/v1"]);
    assert.equal(toHex(deriveBackupKey(fromHex(key))), derived["vault/backup/v1"]);
  });

  it("is read from every text that the vectors accept, and from none that they refuse", () => {
    for (const { how, text } of VECTORS.accepted) assert.equal(toHex(parseRecoveryKey(text)), VECTORS.key, how);
    for (const { why, text } of VECTORS.refused) {
      assert.throws(() => parseRecoveryKey(text), { name: "ValidationError", code: "bad_recovery_key" }, why);
    }
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
