/** Waiting for something that a test cannot await. */
import { setTimeout as sleep } from "node:timers/promises";

/** Resolves as soon as `condition` holds; fails loudly after `limitMs`. */
export async function waitUntil(what: string, condition: () => boolean, limitMs = 20_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await sleep(5);
  }
}
