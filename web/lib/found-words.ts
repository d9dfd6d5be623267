/** Marks in a text the words that a search found. The node finds words by how they begin, so this marks the same. */
import { fold } from "./fold.ts";

export interface TextPart {
  readonly text: string;
  readonly found: boolean;
}

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** Joined, the parts give the text back. */
export function foundParts(text: string, searched: string): TextPart[] {
  const wanted = (searched.match(WORD) ?? []).map(fold);
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    const word = fold(match[0]);
    if (!wanted.some((one) => word.startsWith(one))) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index), found: false });
    parts.push({ text: match[0], found: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), found: false });
  return parts;
}
