/** What the XML bodies of PROPFIND, PROPPATCH and LOCK ask for. */
import { utf8Encode } from "../../core/bytes.ts";
import { DAV_LIMITS } from "../../core/limits.ts";
import {
  badXml,
  childElements,
  davChildren,
  DAV_NAMESPACE,
  type Element,
  isDav,
  readXml,
  writeElement,
} from "./xml.ts";

export interface PropertyName {
  /** "" for none. */
  readonly namespace: string;
  readonly local: string;
}

/** All properties, and these as well; the names of all; or these. */
export type Propfind =
  | { readonly kind: "all"; readonly names: readonly PropertyName[] }
  | { readonly kind: "names" }
  | { readonly kind: "some"; readonly names: readonly PropertyName[] };

export interface PropertyChange {
  readonly name: PropertyName;
  /** The whole element, or null to remove the property. */
  readonly xml: string | null;
}

export interface LockInfo {
  readonly scope: "exclusive" | "shared";
  readonly owner: string;
}

/** No body asks for all. Throws DavError 400 `bad_xml`, 413 `xml_too_large`, as do the others here. */
export function readPropfind(text: string): Propfind {
  if (text.trim() === "") return { kind: "all", names: [] };
  const root = readRoot(text, "propfind");
  const [prop] = davChildren(root, "prop");
  if (prop) return { kind: "some", names: namesIn(prop) };
  if (davChildren(root, "propname").length > 0) return { kind: "names" };
  if (davChildren(root, "allprop").length === 0) throw badXml();
  return { kind: "all", names: davChildren(root, "include").slice(0, 1).flatMap(namesIn) };
}

/** In their order, which is that in which they are carried out. */
export function readPropertyUpdate(text: string): PropertyChange[] {
  const changes = childElements(readRoot(text, "propertyupdate")).flatMap((step) => {
    const sets = isDav(step, "set");
    if (!sets && !isDav(step, "remove")) return [];
    const properties = davChildren(step, "prop").flatMap(childElements);
    return properties.map((element) => ({ name: nameOf(element), xml: sets ? writeElement(element) : null }));
  });
  if (changes.length === 0) throw badXml();
  return changes;
}

export function readLockInfo(text: string): LockInfo {
  const root = readRoot(text, "lockinfo");
  const scope = davChildren(root, "lockscope").flatMap(childElements)[0];
  const type = davChildren(root, "locktype").flatMap(childElements)[0];
  const [owner] = davChildren(root, "owner");
  if (!scope || !type || !isDav(type, "write")) throw badXml();
  const isExclusive = isDav(scope, "exclusive");
  if (!isExclusive && !isDav(scope, "shared")) throw badXml();
  const written = owner ? writeElement(owner) : "";
  if (utf8Encode(written).length > DAV_LIMITS.lockOwnerBytes) throw badXml();
  return { scope: isExclusive ? "exclusive" : "shared", owner: written };
}

/** `{namespace}local`: one text for one name. */
export function keyOf({ namespace, local }: PropertyName): string {
  return `{${namespace}}${local}`;
}

export function nameOfKey(key: string): PropertyName {
  const end = key.lastIndexOf("}");
  return { namespace: key.slice(1, end), local: key.slice(end + 1) };
}

export function isDavName({ namespace }: PropertyName): boolean {
  return namespace === DAV_NAMESPACE;
}

function readRoot(text: string, local: string): Element {
  const root = readXml(text);
  if (isDav(root, local)) return root;
  throw badXml();
}

function namesIn(prop: Element): PropertyName[] {
  const names = childElements(prop).map(nameOf);
  if (names.length > DAV_LIMITS.propertyNames) throw badXml();
  return names;
}

function nameOf(element: Element): PropertyName {
  return { namespace: element.namespaceURI ?? "", local: element.localName ?? element.tagName };
}
