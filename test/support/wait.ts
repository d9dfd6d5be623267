/** Waiting for something that a test cannot await. */
import { setTimeout as sleep } from "node:timers/promises";

/** A question is work for whoever answers, and often for a process of its own. */
const ASK_MS = 50;

/** Resolves as soon as `condition` holds; fails loudly after `limitMs`. */
export async function waitUntil(what: string, condition: () => boolean, limitMs = 20_000): Promise<void> {
  const endMs = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await sleep(5);
  }
}

/** Asks again and again until the answer is as wanted; fails loudly after `limitMs`. */
export async function askUntil<T>(
  what: string,
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  limitMs = 20_000,
): Promise<T> {
  const endMs = Date.now() + limitMs;
  while (Date.now() <= endMs) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await sleep(ASK_MS);
  }
  throw new Error(`waited ${limitMs} ms in vain for ${what}`);
}
