/**
 * Every failure as one JSON body and one HTTP status.
 *
 *     NocturneError -> { "error": { "code", "message", "hint"?, "fault" } }
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import {
  CodecError,
  CryptoError,
  type ErrorOptions,
  InternalError,
  LockedError,
  NetworkError,
  NocturneError,
  PolicyError,
  toNocturneError,
  UsageError,
  ValidationError,
} from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ApiError, Fault } from "./contract.ts";
import type { ApiEnvironment } from "./environment.ts";

/** Refused before anything was read. It never says what would have been let in. */
export class GuardError extends NocturneError {
  readonly status: ContentfulStatusCode;

  constructor(status: ContentfulStatusCode, code: string, message: string, options: ErrorOptions = {}) {
    super(code, message, options);
    this.status = status;
  }
}

/** Codes whose status differs from that of their class; `unknown_*` is 404 throughout. */
const STATUS_OF_CODE: Record<string, ContentfulStatusCode> = {
  body_too_large: 413,
  link_wrong_proof: 403,
  name_taken: 409,
  label_taken: 409,
  too_many_personas: 409,
  not_yours: 403,
  not_your_channel: 403,
  no_such_channel: 404,
  no_such_post: 404,
  own_channel: 409,
  not_admin: 403,
  not_a_member: 409,
  last_admin: 409,
  group_full: 409,
  channel_moved: 409,
  too_late: 409,
  message_deleted: 410,
  no_passphrase: 409,
  route_not_changeable: 409,
  link_used: 410,
  link_expired: 410,
  link_ended: 410,
  file_gone: 410,
  lease_ended: 410,
  upload_offset: 409,
  upload_taken_over: 409,
  too_many_uploads: 409,
  upload_too_long: 413,
  bad_range: 416,
  too_many_attempts: 429,
  too_many_requests: 429,
  too_many_downloads: 503,
  disk_full: 507,
  agent_not_running: 503,
  entry_missing: 404,
  task_missing: 404,
  task_taken: 409,
  not_enrolled: 409,
  too_often: 429,
};

export function statusOf(error: NocturneError): ContentfulStatusCode {
  if (error instanceof GuardError) return error.status;
  const special = STATUS_OF_CODE[error.code];
  if (special !== undefined) return special;
  if (error instanceof ValidationError && error.code.startsWith("unknown_")) return 404;
  if (error instanceof UsageError || error instanceof ValidationError) return 400;
  if (error instanceof CodecError || error instanceof CryptoError) return 400;
  if (error instanceof LockedError) return 423;
  if (error instanceof PolicyError) return 403;
  return error instanceof NetworkError ? 502 : 500;
}

export function errorBody(error: NocturneError): ApiError {
  const { code, message, hint } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), fault: faultOf(error) } };
}

function faultOf(error: NocturneError): Fault {
  if (error instanceof UsageError || error instanceof GuardError) return "usage";
  if (error instanceof LockedError) return "locked";
  if (error instanceof PolicyError) return "policy";
  if (error instanceof NetworkError) return "network";
  return error instanceof InternalError ? "internal" : "input";
}

/** The answer to a thrown error. Faults of our own are logged as a stack without its message, which could quote data. */
export function answerError(thrown: Error, c: Context<ApiEnvironment>, log: Logger): Response {
  const error = thrown instanceof HTTPException ? malformed(thrown) : toNocturneError(thrown);
  const isGone = c.env?.incoming?.socket?.destroyed ?? false;
  if (error instanceof InternalError && !isGone)
    log.error({ code: error.code, stack: frames(error) }, "request failed");
  return c.json(errorBody(error), statusOf(error));
}

function malformed(cause: HTTPException): NocturneError {
  return new UsageError("bad_request", "The request body is not valid JSON.", {
    hint: "See /api/openapi.json for what this call takes.",
    cause,
  });
}

function frames(error: Error): string {
  const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
  return (stack ?? "")
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .join("\n");
}
