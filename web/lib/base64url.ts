/** Base64 in the letters that the node takes: "-" and "_", no padding (RFC 4648 section 5). */

export function urlSafe(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Back to the letters of data URLs, which need no padding. */
export function urlUnsafe(base64url: string): string {
  return base64url.replaceAll("-", "+").replaceAll("_", "/");
}
