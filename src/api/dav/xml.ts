/**
 * XML as it comes from other programs, bounded before and after it is parsed:
 *
 *   64 KiB    no DOCTYPE, so no entities but XML's own five    32 levels
 *
 * A parser that expanded entities could be made to fill the memory with a few lines, or to read files.
 */
import { type Document, DOMParser, type Element, type Node, onWarningStopParsing, XMLSerializer } from "@xmldom/xmldom";
import { utf8Encode } from "../../core/bytes.ts";
import { DAV_LIMITS } from "../../core/limits.ts";
import { DavError } from "./dav-error.ts";

export type { Element };

export const DAV_NAMESPACE = "DAV:";

/** The root element. Throws DavError 400 `bad_xml`, 413 `xml_too_large`. */
export function readXml(text: string): Element {
  if (utf8Encode(text).length > DAV_LIMITS.xmlBytes) throw tooLarge();
  if (/<!DOCTYPE/i.test(text)) throw badXml();
  const root = parse(text).documentElement;
  if (root === null) throw badXml();
  refuseDeep(root);
  return root;
}

function parse(text: string): Document {
  try {
    const parser = new DOMParser({ onError: onWarningStopParsing, locator: false });
    return parser.parseFromString(text, "application/xml");
  } catch {
    throw badXml(); // without its cause, which quotes the text
  }
}

/** Not recursive: that is what the bound is for. */
function refuseDeep(root: Element): void {
  let level = [root];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > DAV_LIMITS.xmlDepth) throw badXml();
    level = level.flatMap(childElements);
  }
}

export function childElements(element: Element): Element[] {
  const children: Element[] = [];
  for (let node: Node | null = element.firstChild; node !== null; node = node.nextSibling)
    if (node.nodeType === 1) children.push(node as Element);
  return children;
}

/** The children that are DAV's and have this name. */
export function davChildren(element: Element, local: string): Element[] {
  return childElements(element).filter((child) => isDav(child, local));
}

export function isDav(element: Element, local: string): boolean {
  return element.namespaceURI === DAV_NAMESPACE && element.localName === local;
}

/**
 * An element as text that stands by itself: with the namespaces and the language that it has where it is. Throws
 * DavError 400 `bad_xml` for characters that XML does not know.
 */
export function writeElement(element: Element): string {
  const language = languageOf(element);
  if (language !== null) element.setAttribute("xml:lang", language);
  try {
    return new XMLSerializer().serializeToString(element, { requireWellFormed: true });
  } catch {
    throw badXml();
  }
}

function languageOf(element: Element): string | null {
  for (let at: Node | null = element; at?.nodeType === 1; at = at.parentNode) {
    const language = (at as Element).getAttribute("xml:lang");
    if (language !== null) return language;
  }
  return null;
}

export function badXml(): DavError {
  return new DavError(400, "bad_xml", "The request body is not the XML that this call takes.");
}

function tooLarge(): DavError {
  return new DavError(413, "xml_too_large", `The request body is longer than ${DAV_LIMITS.xmlBytes} bytes.`);
}
