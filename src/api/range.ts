/** The Range header of a resumed download (RFC 9110 section 14.1.2): one range that names its start. */
import type { ContentRange } from "../files/public-links.ts";

/** null for no header and for forms that we do not serve; the whole is then sent, as the RFC allows. */
export function parseRange(header: string | undefined): ContentRange | null {
  const [, first, last] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined) return null;
  const start = Number(first);
  const end = last ? Number(last) + 1 : null;
  return end !== null && end <= start ? null : { start, end };
}
