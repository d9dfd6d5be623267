/**
 * Text of other people, made harmless for a terminal: an escape sequence could rewrite what the person sees or
 * types, a direction mark could turn "exe.txt" around, a line break could add a message that nobody wrote.
 */

import { stripVTControlCharacters } from "node:util";

/** Of all control characters a text keeps only its tabs and line breaks. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Embeddings, overrides and isolates; a terminal carries them on to whatever follows on the line. */
const DIRECTION_MARKS = /[\u202a-\u202e\u2066-\u2069]/g;
const LINE_BREAKS = /[\t\n\u2028\u2029]/g;
const REPLACEMENT = "\ufffd";

/** A text that may have several lines. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROLS, REPLACEMENT).replace(DIRECTION_MARKS, REPLACEMENT);
}

/** A name or anything else that must stay on one line. */
export function plainLine(text: string): string {
  return plainText(text).replace(LINE_BREAKS, " ");
}

/**
 * JSON whose strings a terminal can show: `JSON.stringify` lets 8-bit controls and direction marks through.
 * They are escaped, so that the value stays the same.
 */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
