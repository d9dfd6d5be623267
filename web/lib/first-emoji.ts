/** The first emoji of a text as one character that people see, however many code points it is made of. */

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const EMOJI = /^\p{RGI_Emoji}$/v;

/** Null when what comes first is no emoji that everybody can show. */
export function firstEmoji(text: string): string | null {
  const [first] = CHARACTERS.segment(text.trim());
  if (!first) return null;
  // Keyboards leave out the selector that asks for colour: a bare heart is meant as the emoji.
  return [first.segment, `${first.segment}\uFE0F`].find((one) => EMOJI.test(one)) ?? null;
}
