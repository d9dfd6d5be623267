import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import * as errors from "../core/errors.ts";
import { createLogger } from "../core/log.ts";
import type { ApiEnvironment } from "./environment.ts";
import { answerError, statusOf } from "./errors.ts";

const SECRET = "correct horse battery staple";

test("each kind of error has its status", () => {
  const { UsageError, ValidationError, CodecError, NetworkError, PolicyError, InternalError } = errors;
  const expected: readonly (readonly [errors.NocturneError, number])[] = [
    [new UsageError("bad_option", ""), 400],
    [new ValidationError("bad_name", ""), 400],
    [new ValidationError("unknown_contact", ""), 404],
    [new ValidationError("link_used", ""), 410],
    [new ValidationError("link_expired", ""), 410],
    [new ValidationError("too_many_attempts", ""), 429],
    [new CodecError("bad_event", ""), 400],
    [new errors.CryptoError(), 400],
    [new errors.LockedError(), 423],
    [new PolicyError("card_changed", ""), 403],
    [new NetworkError("no_relay", ""), 502],
    [new InternalError("port_in_use", ""), 500],
    [new InternalError("disk_full", ""), 507],
    [new InternalError("unknown_index", ""), 500],
  ];
  for (const [error, status] of expected) assert.equal(statusOf(error), status, error.code);
});

test("a fault of our own is told without its message, which may quote what nobody should see", async () => {
  const logged: string[] = [];
  const write = (fields: object, message: string): void => void logged.push(JSON.stringify(fields) + message);
  const log = { ...createLogger("silent"), error: write };
  const app = new Hono<ApiEnvironment>().get("/", () => {
    throw new Error(`cannot open ${SECRET}`);
  });
  app.onError((error, c) => answerError(error, c, log));
  const answer = await app.request("/");
  assert.equal(answer.status, 500);
  const body = (await answer.json()) as { error: { code: string; fault: string } };
  assert.equal(body.error.code, "internal");
  assert.equal(body.error.fault, "internal");
  assert.doesNotMatch(JSON.stringify(body) + logged.join(), new RegExp(SECRET));
  assert.match(logged.join(), /errors\.test\.ts/, "the log says where it happened");
});
