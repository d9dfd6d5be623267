/** Finds web addresses in people's text. Only http and https: any other scheme could run or open something. */

export type TextPart = { readonly text: string; readonly url: string | null };

const ADDRESS = /https?:\/\/[^\s<>"']+/gi;
/** Punctuation that ends a sentence rather than an address. */
const TRAILING = /[.,;:!?)\]}]+$/;

/** Splits text into plain parts and addresses; joined they give the text back. */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(TRAILING, "");
    if (webAddress(address) === null) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index), url: null });
    parts.push({ text: address, url: address });
    from = match.index + address.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), url: null });
  return parts;
}

/** The parsed address; null for anything but http and https. */
export function webAddress(text: string): URL | null {
  const url = URL.parse(text);
  return url && (url.protocol === "http:" || url.protocol === "https:") ? url : null;
}

/** True for an address that only this machine can open. */
export function isThisMachine(text: string): boolean {
  const host = URL.parse(text)?.hostname ?? "";
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host.startsWith("127.");
}
