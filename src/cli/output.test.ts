import assert from "node:assert/strict";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { NetworkError, ValidationError } from "../core/errors.ts";
import { formatBytes, Output, printError } from "./output.ts";

/** What `work` writes. */
function caught(t: TestContext, work: () => void): { stdout: string; stderr: string } {
  const written = { stdout: "", stderr: "" };
  const mocks = (["stdout", "stderr"] as const).map((name) =>
    t.mock.method(process[name], "write", (text: string) => {
      written[name] += text;
      return true;
    }),
  );
  try {
    work();
  } finally {
    for (const mock of mocks) mock.mock.restore();
  }
  return { stdout: stripVTControlCharacters(written.stdout), stderr: stripVTControlCharacters(written.stderr) };
}

test("sizes are readable and never overflow their unit", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [1_048_576, "1.0 MiB"],
    [5 * 1024 ** 4, "5.0 TiB"],
    [5000 * 1024 ** 4, "5000.0 TiB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});

test("a result goes to stdout: as text, or as one line of JSON", (t) => {
  const value = { a: "x\ny" };
  assert.deepEqual(
    caught(t, () => new Output(false, false).result(value, "for people")),
    {
      stdout: "for people\n",
      stderr: "",
    },
  );
  assert.equal(caught(t, () => new Output(true, false).result(value, "for people")).stdout, '{"a":"x\\ny"}\n');
});

test("a table lines up, and an empty one is talk", (t) => {
  const head = ["A", "LONG"];
  const rows = [
    ["1", "x"],
    ["222", ""],
  ];
  assert.equal(
    caught(t, () => new Output(false, false).table([1, 2], head, rows, "none")).stdout,
    "A    LONG\n1    x\n222\n",
  );
  assert.deepEqual(
    caught(t, () => new Output(false, false).table([], head, [], "none")),
    {
      stdout: "",
      stderr: "none\n",
    },
  );
  assert.equal(caught(t, () => new Output(true, false).table([], head, [], "none")).stdout, "[]\n");
});

test("talk stays away from stdout, and with -q altogether", (t) => {
  assert.deepEqual(
    caught(t, () => new Output(false, false).say("hello")),
    { stdout: "", stderr: "hello\n" },
  );
  assert.deepEqual(
    caught(t, () => new Output(false, true).say("hello")),
    { stdout: "", stderr: "" },
  );
  assert.match(caught(t, () => new Output(false, true).warn("careful")).stderr, /careful/);
});

test("an error is one sentence with its way out, and no stack", (t) => {
  const error = new ValidationError("no_luck", "It failed.", { hint: "Try again.", cause: new Error("inside") });
  assert.equal(caught(t, () => printError(error, false, false)).stderr, "nocturne: It failed. Try again.\n");
  assert.deepEqual(JSON.parse(caught(t, () => printError(error, true, false)).stderr), {
    error: { code: "no_luck", message: "It failed.", hint: "Try again." },
  });
  assert.match(caught(t, () => printError(error, false, true)).stderr, /\n\s+at /);
});

test("an error cannot drive the terminal", (t) => {
  const error = new NetworkError("x", "bad\u001b[2J\u0007");
  assert.equal(caught(t, () => printError(error, false, false)).stderr, "nocturne: bad\ufffd\n");
});
