/** The thread that holds the databases of private retrieval and scans them. Started by `ScanThread`. */
/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */

import { parentPort } from "node:worker_threads";
import { answerAll, emptyDatabase, type PirDatabase, putRecords } from "../../crypto/pir.ts";
import type { ScanMessage, ScanReply } from "./scan-messages.ts";

const databases = new Map<string, PirDatabase>();

function obey(message: ScanMessage): ScanReply {
  const { type, name } = message;
  if (type === "make") databases.set(name, emptyDatabase(message.count));
  if (type === "drop") databases.delete(name);
  if (type === "make" || type === "drop") return [];
  const database = databases.get(name);
  if (!database) return null;
  if (type === "scan") return answerAll(database, message.queries);
  putRecords(database, message.first, message.records);
  return [];
}

function reply(message: ScanMessage): ScanReply {
  try {
    return obey(message);
  } catch {
    return null; // no memory for one more, or our own mistake: this question fails and no other
  }
}

parentPort?.on("message", (message: ScanMessage) => parentPort?.postMessage(reply(message)));
