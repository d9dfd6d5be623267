/** The one-time launch token in what a person pastes: a fragment, a whole link, or the bare token. */

/** `#token=abc`, `http://localhost:8080/#token=abc` -> "abc"; null when there is none. */
export function tokenOf(text: string): string | null {
  return /#token=([A-Za-z0-9_-]+)/.exec(text)?.[1] ?? null;
}

/** Like `tokenOf`, and takes a bare token of at least 16 URL-safe characters too. */
export function tokenFromPaste(text: string): string | null {
  return tokenOf(text) ?? /^[A-Za-z0-9_-]{16,}$/.exec(text.trim())?.[0] ?? null;
}
