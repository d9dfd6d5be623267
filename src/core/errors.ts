/**
 * Every error that Nocturne shows a person: what happened, why, and what to do.
 *
 * One root class, one subclass per "whose fault it is", a stable `code` for programs.
 * A message never repeats a secret, a key or somebody's text.
 */

export interface ErrorOptions {
  /** What the person can do next, as one imperative sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Root of all errors that we raise on purpose. `code` is stable across versions. */
export class NocturneError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

/** The caller asked in a wrong way: unknown command, missing argument. CLI exit 2, HTTP 400. */
export class UsageError extends NocturneError {}
/** The input is well-formed but not acceptable: unknown contact, link used up. CLI exit 1, HTTP 400, 404, 409, 410. */
export class ValidationError extends NocturneError {}
/** Bytes or text that do not follow their format. CLI exit 1, HTTP 400. */
export class CodecError extends NocturneError {}
/** A relay or a peer could not be reached or refused. CLI exit 1, HTTP 502. */
export class NetworkError extends NocturneError {}
/** No node is running in this data directory. CLI exit 3. */
export class NoNodeError extends NocturneError {}
/** The vault is locked. CLI exit 4, HTTP 423. */
export class LockedError extends NocturneError {
  constructor() {
    super("locked", "The vault is locked.", { hint: "Unlock it with your passphrase: nocturne unlock" });
  }
}
/** A policy forbids it: the demanded protection cannot be given. CLI exit 5, HTTP 403. */
export class PolicyError extends NocturneError {}
/** Our own fault or the machine's: disk full, port in use. CLI exit 1, HTTP 500. */
export class InternalError extends NocturneError {}

/**
 * The one error of every failed decryption, whatever failed: wrong key, cut, spliced or altered
 * data. Telling these apart would give an attacker an oracle.
 */
export class CryptoError extends NocturneError {
  constructor(options: ErrorOptions = {}) {
    super("cannot_open", "This cannot be opened: the key or password is wrong, or the data was altered.", {
      hint: "Check the password or key; if it is right, get an unaltered copy.",
      ...options,
    });
  }
}

/** True for errors of `node:` calls, which carry a system code such as `ENOSPC`. */
export function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

/**
 * Any thrown value as a NocturneError, so that faces show one clear sentence and never a stack.
 * System errors that people meet (full disk, no permission, port in use) get their own words.
 */
export function toNocturneError(error: unknown): NocturneError {
  if (error instanceof NocturneError) return error;
  if (isSystemError(error)) {
    const known = SYSTEM_ERRORS[error.code];
    if (known) return new InternalError(known.code, known.message, { hint: known.hint, cause: error });
  }
  if (error instanceof Error && /database or disk is full/.test(error.message)) {
    return toNocturneError(Object.assign(new Error(error.message), { code: "ENOSPC" }));
  }
  return new InternalError("internal", "Something went wrong inside Nocturne.", {
    hint: "Try again; if it happens again, run nocturne doctor and report what it says.",
    cause: error,
  });
}

const SYSTEM_ERRORS: Record<string, { code: string; message: string; hint: string }> = {
  ENOSPC: {
    code: "disk_full",
    message: "The disk is full, so nothing was changed.",
    hint: "Free some space and try again.",
  },
  EDQUOT: {
    code: "disk_full",
    message: "Your disk quota is used up, so nothing was changed.",
    hint: "Free some space and try again.",
  },
  EACCES: {
    code: "no_permission",
    message: "This file or folder may not be read or written by your user.",
    hint: "Check who owns the data directory, or choose another with --data-dir.",
  },
  EADDRINUSE: {
    code: "port_in_use",
    message: "Another program already uses this port.",
    hint: "Choose another with --port or --relay-port, or stop the other program.",
  },
  ENOENT: {
    code: "no_such_file",
    message: "This file or folder does not exist.",
    hint: "Check the path.",
  },
  EROFS: {
    code: "read_only_disk",
    message: "The disk is read-only, so nothing was changed.",
    hint: "Choose another data directory with --data-dir.",
  },
};
