/** A database of this machine's part in a mesh, which its other users must not read. */
import { DatabaseSync } from "node:sqlite";
import { createDatabaseFile } from "../vault/durable-file.ts";

/** Two programs may have it open: one waits so long for the other. */
const BUSY_MS = 10_000;

/** Makes the file where there is none, 0600. Throws InternalError. */
export function openPrivateDatabase(path: string): DatabaseSync {
  createDatabaseFile(path);
  return new DatabaseSync(path, { timeout: BUSY_MS });
}
