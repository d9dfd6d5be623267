/** Answers 207: one `response` a resource, written piece by piece, so that a large folder is never one text in memory. */
import { hrefOf } from "./dav-path.ts";
import type { Resource } from "./resource.ts";
import { escapeXml } from "./xml-text.ts";
import type { PropertyName } from "./xml-requests.ts";

export const XML_TYPE = "application/xml; charset=utf-8";
export const XML_START = '<?xml version="1.0" encoding="utf-8"?>\n';

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  403: "Forbidden",
  404: "Not Found",
  424: "Failed Dependency",
};

/** Elements of properties that share a status. */
export interface PropertyStatus {
  readonly status: 200 | 403 | 404 | 424;
  readonly elements: readonly string[];
  /** Why, where RFC 4918 has a word for it. */
  readonly condition?: string;
}

export function* multistatus(responses: Iterable<string>): Generator<string> {
  yield `${XML_START}<D:multistatus xmlns:D="DAV:">\n`;
  for (const response of responses) yield response;
  yield "</D:multistatus>\n";
}

export function responseOf({ path, kind }: Resource, statuses: readonly PropertyStatus[]): string {
  const told = statuses.filter(({ elements }) => elements.length > 0);
  return `<D:response><D:href>${escapeXml(hrefOf(path, kind === "folder"))}</D:href>${told.map(propstat).join("")}</D:response>\n`;
}

function propstat({ status, elements, condition }: PropertyStatus): string {
  const why = condition === undefined ? "" : `<D:error><D:${condition}/></D:error>`;
  const line = `<D:status>HTTP/1.1 ${status} ${REASONS[status]}</D:status>`;
  return `<D:propstat><D:prop>${elements.join("")}</D:prop>${line}${why}</D:propstat>`;
}

/** A property of DAV's own. */
export function davElement(local: string, inside: string): string {
  return inside === "" ? `<D:${local}/>` : `<D:${local}>${inside}</D:${local}>`;
}

/** The name of a property alone. */
export function emptyElement({ namespace, local }: PropertyName): string {
  if (namespace === "") return `<${local}/>`;
  return namespace === "DAV:" ? davElement(local, "") : `<N:${local} xmlns:N="${escapeXml(namespace)}"/>`;
}
