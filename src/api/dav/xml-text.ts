/** Text made part of a document. */
const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
/** No escape makes these part of a document (XML 1.0 section 2.2). */
const NO_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text for the inside of an element or of an attribute. */
export function escapeXml(text: string): string {
  return text.replace(NO_XML, "\ufffd").replace(/[&<>"']/g, (sign) => ESCAPES[sign] as string);
}
