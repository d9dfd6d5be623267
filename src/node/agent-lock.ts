/**
 * One agent a folder: two of one device would write two histories, and be put out for it. The lock is SQLite's on a file of its own, which
 * the system frees when the process ends, however it ends.
 */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { ValidationError } from "../core/errors.ts";
import { createDatabaseFile } from "../vault/durable-file.ts";

/** Whoever only looks whether it is held is in the way for a moment. */
const LOOKED_AT_MS = 100;

/** Held until it is disposed of. Throws ValidationError `agent_in_use`. */
export function lockAgent(path: string): Disposable {
  createDatabaseFile(path);
  const file = new DatabaseSync(path, { timeout: LOOKED_AT_MS });
  try {
    file.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    file.close();
    throw agentInUse(cause);
  }
  return { [Symbol.dispose]: () => file.close() };
}

/** Whether one runs. */
export function isAgentLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec("SELECT count(*) FROM sqlite_schema");
    return false;
  } catch {
    return true;
  } finally {
    file.close();
  }
}

export function agentInUse(cause?: unknown): ValidationError {
  return new ValidationError("agent_in_use", "An agent is running in this data directory.", {
    hint: "Look with: nocturne-agent status - or choose another folder with --data-dir.",
    cause,
  });
}
