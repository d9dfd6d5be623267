/** Words for paper. */

const WORDS_PER_LINE = 6;
/** Of the longest word of the list, and a space. */
const WORD_CHARACTERS = 9;

/** Words, parted by spaces, in numbered rows of six: a word in the wrong place is the usual mistake when it is copied by hand. */
export function wordSheet(words: string): string {
  const numbered = words.split(" ").map((word, i) => `${String(i + 1).padStart(2)} ${word.padEnd(WORD_CHARACTERS)}`);
  const starts = numbered.flatMap((_, i) => (i % WORDS_PER_LINE === 0 ? [i] : []));
  return starts.map((start) => rowOf(numbered.slice(start, start + WORDS_PER_LINE))).join("\n");
}

function rowOf(words: readonly string[]): string {
  return words.join(" ").trimEnd();
}
