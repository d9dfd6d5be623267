import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CodecError,
  CryptoError,
  InternalError,
  LockedError,
  NetworkError,
  type NocturneError,
  NoNodeError,
  PolicyError,
  UsageError,
  ValidationError,
} from "../core/errors.ts";
import { EXIT, exitCodeOf, InterruptedError } from "./exit-codes.ts";

test("each kind of failure has the exit code that scripts rely on", () => {
  const cases: [NocturneError, number][] = [
    [new ValidationError("x", ""), 1],
    [new CodecError("x", ""), 1],
    [new CryptoError(), 1],
    [new NetworkError("x", ""), 1],
    [new InternalError("x", ""), 1],
    [new UsageError("x", ""), 2],
    [new NoNodeError("x", ""), 3],
    [new LockedError(), 4],
    [new PolicyError("x", ""), 5],
    [new InterruptedError(), 130],
  ];
  for (const [error, code] of cases) assert.equal(exitCodeOf(error), code, error.name);
  assert.equal(EXIT.ok, 0);
});
