/**
 * A conversation of any length in the vault of a stopped node, written by the messenger's own store: what years of
 * writing would have left there, in a second.
 */
import { createLogger } from "../../src/core/log.ts";
import { systemClock } from "../../src/core/clock.ts";
import { MessageStore } from "../../src/messaging/message-store.ts";
import { decodeNpub } from "../../src/nostr/keys.ts";
import { openVault } from "../../src/vault/vault.ts";
import type { Reachable } from "./people.ts";

/** Five messages an hour. */
const STEP_MS = 720_000;
const WORDS = "the lamp was lit before the fog came in and nobody on the quay had seen the second boat return".split(
  " ",
);

/** Message `n` begins with its number; most are short, some take several lines. */
export function textOf(n: number): string {
  const length = n % 17 === 0 ? 60 : 3 + ((n * 7) % 16);
  return `${n}. ${Array.from({ length }, (_, i) => WORDS[(n + i * 5) % WORDS.length]).join(" ")}`;
}

/** Messages 1 to `count` between the node and this contact, all read, the last one just now. The node must be stopped. */
export async function fillConversation(node: Reachable, contact: string, count: number): Promise<void> {
  const vault = await openVault({ dataDir: node.dataDir, clock: systemClock, log: createLogger("error") });
  try {
    const messages = new MessageStore(vault);
    const conversation = decodeNpub(contact);
    const own = vault.identity().publicKey;
    const nowMs = Date.now();
    vault.transaction(() => {
      for (let n = 1; n <= count; n++) {
        const mine = n % 3 === 0;
        messages.add({
          id: n.toString(16).padStart(32, "0"),
          conversation,
          author: mine ? own : conversation,
          mine,
          atMs: nowMs - (count - n) * STEP_MS,
          text: textOf(n),
          files: [],
          state: "read",
          profile: "hidden",
        });
      }
    });
  } finally {
    vault.close();
  }
}
