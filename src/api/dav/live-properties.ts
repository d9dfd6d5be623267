/** The properties that the node itself tells (RFC 4918 section 15, RFC 4331): never stored, and not to be set. */
import { getMimeType } from "hono/utils/mime";
import type { FileSpace } from "../../files/views.ts";
import { hrefOf, nameOf } from "./dav-path.ts";
import type { Lock } from "./lock-table.ts";
import type { Resource } from "./resource.ts";
import { escapeXml } from "./xml-text.ts";

/** What a property may need to know beside the resource. */
export interface Surroundings {
  readonly locks: (path: string) => readonly Lock[];
  readonly nowMs: number;
  /** Asked for only where somebody wants to know. */
  readonly space: Pick<FileSpace, "diskBytes" | "bucketBytes" | "freeBytes"> | null;
}

/** The inside of the property's element; null where a resource has none. */
type Live = (resource: Resource, around: Surroundings) => string | null;

const BYTES = "application/octet-stream";
const LOCK_KINDS = ["exclusive", "shared"]
  .map(
    (scope) => `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`,
  )
  .join("");

const LIVE: Readonly<Record<string, Live>> = {
  resourcetype: ({ kind }) => (kind === "folder" ? "<D:collection/>" : ""),
  displayname: ({ path }) => escapeXml(path === "/" ? "Nocturne" : nameOf(path)),
  creationdate: ({ changedAt }) => changedAt,
  getlastmodified: ({ changedAt }) => changedAt && new Date(changedAt).toUTCString(),
  getcontentlength: (resource) => (resource.kind === "file" ? String(resource.bytes) : null),
  getcontenttype: (resource) => (resource.kind === "file" ? escapeXml(contentTypeOf(resource.path)) : null),
  getetag: (resource) => (resource.kind === "file" ? escapeXml(resource.etag) : null),
  supportedlock: () => LOCK_KINDS,
  lockdiscovery: ({ path }, { locks, nowMs }) =>
    locks(path)
      .map((lock) => activeLock(lock, nowMs))
      .join(""),
};

/** Not among "all": they cost a look at every file (RFC 4331 section 2). */
const ON_DEMAND: Readonly<Record<string, Live>> = {
  "quota-used-bytes": ({ kind }, { space }) =>
    kind === "folder" && space ? String(space.diskBytes + space.bucketBytes) : null,
  "quota-available-bytes": ({ kind }, { space }) => (kind === "folder" && space ? String(space.freeBytes) : null),
};

export const USUAL_NAMES: readonly string[] = Object.keys(LIVE);

export function isQuota(local: string): boolean {
  return Object.hasOwn(ON_DEMAND, local);
}

/** Of a DAV: name; null when there is no such property, or this resource has none. */
export function liveProperty(local: string, resource: Resource, around: Surroundings): string | null {
  const tell = [LIVE, ON_DEMAND].find((names) => Object.hasOwn(names, local))?.[local];
  return tell?.(resource, around) ?? null;
}

export function isLive(local: string): boolean {
  return Object.hasOwn(LIVE, local) || isQuota(local);
}

export function contentTypeOf(path: string): string {
  return getMimeType(path.toLowerCase()) ?? BYTES;
}

export function activeLock({ path, token, scope, isDeep, owner, expiresMs }: Lock, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((expiresMs - nowMs) / 1000));
  return (
    `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:${scope}/></D:lockscope>` +
    `<D:depth>${isDeep ? "infinity" : "0"}</D:depth>${owner}<D:timeout>Second-${seconds}</D:timeout>` +
    `<D:locktoken><D:href>${token}</D:href></D:locktoken>` +
    `<D:lockroot><D:href>${hrefOf(path, false)}</D:href></D:lockroot></D:activelock>`
  );
}
