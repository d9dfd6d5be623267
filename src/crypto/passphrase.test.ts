import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argon2id as nobleArgon2id } from "@noble/hashes/argon2.js";
import { ARGON2_LIMITS } from "../core/limits.ts";
import { DEFAULT_ARGON2_COST, stretchPassphrase } from "./passphrase.ts";

const salt = Uint8Array.from({ length: 32 }, (_, i) => i);
const cheap = { memoryKiB: 8_192, passes: 1, lanes: 1 };

describe("passphrase stretching", () => {
  it("is Argon2id over the UTF-8 text", async () => {
    const cost = { memoryKiB: 8_192, passes: 2, lanes: 3 };
    const expected = nobleArgon2id("pässwörd".normalize("NFC"), salt, { t: 2, m: 8_192, p: 3, dkLen: 64 });
    assert.deepEqual(await stretchPassphrase("pässwörd", salt, cost, 64), expected);
  });

  it("gives one key for the composed and the decomposed form of a letter", async () => {
    const [composed, decomposed] = ["p\u00e4ss", "pa\u0308ss"];
    assert.notEqual(composed, decomposed);
    assert.deepEqual(await stretchPassphrase(composed, salt, cheap), await stretchPassphrase(decomposed, salt, cheap));
    assert.notDeepEqual(await stretchPassphrase("pass", salt, cheap), await stretchPassphrase(composed, salt, cheap));
  });

  it("depends on salt and on every part of the cost", async () => {
    const keys = await Promise.all([
      stretchPassphrase("x", salt, cheap),
      stretchPassphrase("x", salt.toReversed(), cheap),
      stretchPassphrase("x", salt, { ...cheap, memoryKiB: 8_200 }),
      stretchPassphrase("x", salt, { ...cheap, passes: 2 }),
      stretchPassphrase("x", salt, { ...cheap, lanes: 2 }),
    ]);
    assert.equal(new Set(keys.map(String)).size, keys.length);
  });

  it("refuses a cost that would eat the machine or make guessing cheap, at once", async () => {
    const { memoryKiB, minMemoryKiB, passes, lanes } = ARGON2_LIMITS;
    const outside = [
      { memoryKiB: memoryKiB + 1 },
      { memoryKiB: 2 ** 32 - 1 },
      { memoryKiB: minMemoryKiB - 1 },
      { memoryKiB: 0 },
      { memoryKiB: Number.NaN },
      { passes: 0 },
      { passes: passes + 1 },
      { lanes: 0 },
      { lanes: lanes + 1 },
      { lanes: 1.5 },
    ];
    for (const part of outside) {
      const cost = { ...DEFAULT_ARGON2_COST, ...part };
      await assert.rejects(stretchPassphrase("x", salt, cost), { code: "argon2_cost", name: "CodecError" });
    }
  });
});
