/** The test that a recovery key is on paper: two of its words, asked by their places. */

export type AskedWords = readonly { readonly place: number; readonly word: string }[];

const ASKED = 2;

/** Two different places (from 1) of the key, in order, chosen by the browser's secure random numbers. */
export function askWords(words: string): AskedWords {
  const all = words.split(" ");
  const places = new Set<number>();
  while (places.size < ASKED) {
    const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
    places.add((random % all.length) + 1);
  }
  return [...places].toSorted((a, b) => a - b).map((place) => ({ place, word: all[place - 1] ?? "" }));
}

/** Case and surrounding spaces do not count. */
export function wordsMatch(asked: AskedWords, typed: readonly string[]): boolean {
  return asked.every(({ word }, i) => typed[i]?.trim().toLowerCase() === word);
}
