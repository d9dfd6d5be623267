/**
 * Signs that people do not see and machines read: with them words are hidden from whoever looks, or turned around.
 *
 *   controls, halves of pairs, marks of direction, characters that show nothing, line and paragraph separators
 *
 * But for the selector that makes a sign a coloured picture, which people write.
 */

const HIDDEN = /[[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u{2028}\u{2029}\u{fff9}-\u{fffb}]--\u{fe0f}]/v;
const REMOVED = /[[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u{2028}\u{2029}\u{fff9}-\u{fffb}]--[\u{fe0f}\n\t]]/gv;

/** Whether there is one; line breaks and tabs are some, too. */
export function hasHiddenSign(text: string): boolean {
  return HIDDEN.test(text);
}

/** The text without them; line breaks and tabs stay. */
export function withoutHiddenSigns(text: string): string {
  return text.replace(REMOVED, "");
}
