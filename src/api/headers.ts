/** The protecting headers of each area. There are no CORS headers anywhere, ever. */

/** Everywhere: nothing is sniffed, referred, embedded or shared with a window of another origin. */
const EVERYWHERE = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Answers are data: should a browser ever show one as a page, it can do nothing. */
export const API_HEADERS: Record<string, string> = {
  ...EVERYWHERE,
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "cache-control": "no-store",
};

/**
 * A file that is shown. Whatever it is, and whatever a browser makes of it, its origin is opaque: no script runs, nothing
 * is loaded, no cookie and no page of ours is in reach. Pictures in it may be its own only, styles stand inside it (SVG).
 */
export const PREVIEW_HEADERS: Record<string, string> = {
  ...EVERYWHERE,
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
  "content-disposition": "inline",
  "cache-control": "no-store",
};

/** Page and assets of the app. Trusted Types are demanded and none may be made: no string becomes code. */
export function appHeaders(port: number): Record<string, string> {
  return {
    ...EVERYWHERE,
    "content-security-policy": policy({
      "script-src": "'self'",
      "style-src": "'self'",
      // Thumbnails come inside answers.
      "img-src": "'self' data:",
      "font-src": "'self'",
      // Voice notes are decrypted here and played from this tab's own memory; other media are read by tickets.
      "media-src": "'self' blob:",
      "frame-src": "'self'",
      "manifest-src": "'self'",
      // Browsers disagree whether 'self' covers ws: of the same host and port.
      "connect-src": `'self' ws://localhost:${port}`,
      "form-action": "'self'",
      "trusted-types": "'none'",
    }),
  };
}

/** The public download page and its workers. Its one Trusted Types policy lets those workers be loaded. */
export const DOWNLOAD_PAGE_HEADERS: Record<string, string> = {
  ...EVERYWHERE,
  "content-security-policy": policy({
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "trusted-types": "nocturne-download",
  }),
};

function policy(directives: Record<string, string>): string {
  const closed = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
  };
  const all = { ...closed, ...directives, "require-trusted-types-for": "'script'" };
  return Object.entries(all)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}
