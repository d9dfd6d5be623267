import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../core/errors.ts";
import { readAll } from "./prompt.ts";

async function* pieces(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text as string);
}

const read = (...texts: (string | Uint8Array)[]) => readAll(pieces(...texts), "the password", 10);

const refusal = (code: string) => (error: unknown) => error instanceof UsageError && error.code === code;

test("one line break at the end is not part of it, everything else is", async () => {
  assert.equal(await read("abc\n"), "abc");
  assert.equal(await read("abc\r\n"), "abc");
  assert.equal(await read("a\nb\n\n"), "a\nb\n");
  assert.equal(await read(" a "), " a ");
});

test("a letter that was cut into two pieces is whole again", async () => {
  const bytes = Buffer.from("ü€");
  assert.equal(await read(bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3)), "ü€");
});

test("too much is refused without being gathered", async () => {
  let asked = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(++asked, "x");
  }
  await assert.rejects(readAll(endless(), "it", 10), refusal("stdin_too_long"));
  assert.ok(asked < 10);
  assert.equal(await read("1234567890"), "1234567890");
  await assert.rejects(read("12345678901"), refusal("stdin_too_long"));
});

test("nothing, an empty line and bytes that are no text are refused", async () => {
  await assert.rejects(read(), refusal("stdin_empty"));
  await assert.rejects(read("\n"), refusal("stdin_empty"));
  await assert.rejects(read(Uint8Array.of(0x70, 0xff)), refusal("stdin_not_text"));
});

test("a refusal does not repeat what was read", async () => {
  await assert.rejects(
    read("secret secret"),
    (error: Error) => !JSON.stringify(error).includes("secret") && !error.message.includes("secret"),
  );
});
