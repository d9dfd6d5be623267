import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NocturneError } from "../../core/errors.ts";
import { randomBytes } from "../../core/random.ts";
import { x25519Key } from "../../crypto/provider.ts";
import {
  clientLine,
  clientWord,
  forgetVisit,
  readClientLine,
  secretForTorBrowser,
  visitWith,
} from "./client-authorization.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const HOST = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead.onion";

test("the line that a visitor gives away holds his public key, and nothing of his secret", () => {
  const { publicKey } = x25519Key(SECRET);
  const line = clientLine(SECRET);
  assert.match(line, /^descriptor:x25519:[A-Z2-7]{52}$/);
  assert.deepEqual(readClientLine(` ${line}\n`), publicKey);
  assert.deepEqual(readClientLine(line.slice(-52).toLowerCase()), publicKey);
  assert.equal(clientWord(publicKey), `ClientAuthV3=${line.slice(-52)}`);
  assert.notEqual(secretForTorBrowser(SECRET), line.slice(-52));
});

test("a line that is none is refused, and a key of another length", () => {
  const line = clientLine(SECRET);
  const others = ["", "descriptor:x25519:", line.slice(0, -1), `${line}A`, line.replace("x25519", "ed25519")];
  // 52 characters hold four bits more than a key has; they must not be used to say anything.
  for (const text of [...others, `${line.slice(0, -1)}B`, `${line} ${line}`, line.replace(/.$/, "1")]) {
    assert.throws(() => readClientLine(text), { code: "bad_onion_client" }, text);
  }
  for (const bytes of [0, 31, 33]) assert.throws(() => clientWord(new Uint8Array(bytes)), { code: "bad_public_key" });
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      try {
        assert.equal(readClientLine(text).length, 32);
      } catch (error) {
        assert.ok(error instanceof NocturneError, String(error));
      }
    }),
  );
});

test("tor is told of one service, by its name alone", async () => {
  const said: string[] = [];
  const control = {
    command: async (...words: string[]) => {
      said.push(words.join(" "));
      return { code: 250, lines: [] };
    },
  } as unknown as Parameters<typeof visitWith>[0];
  const secret = randomBytes(32);
  await visitWith(control, HOST.toUpperCase(), secret);
  await forgetVisit(control, HOST);
  const name = HOST.slice(0, 56);
  assert.deepEqual(said, [
    `ONION_CLIENT_AUTH_ADD ${name} x25519:${Buffer.from(secret).toString("base64")}`,
    `ONION_CLIENT_AUTH_REMOVE ${name}`,
  ]);
  await assert.rejects(visitWith(control, `b${HOST.slice(1)}`, secret), { code: "bad_onion_host" });
  assert.equal(said.length, 2, "of an address with a slip nothing is said");
});
