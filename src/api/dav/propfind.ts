/** PROPFIND: what is there, one folder at a time; all that is below one only where it is little. */
import { DAV_LIMITS } from "../../core/limits.ts";
import type { FileProperty } from "../../files/properties.ts";
import { sendStream } from "../download.ts";
import { DavError } from "./dav-error.ts";
import { type Exchange, readDepth } from "./exchange.ts";
import { isQuota, liveProperty, type Surroundings, USUAL_NAMES } from "./live-properties.ts";
import { davElement, emptyElement, multistatus, responseOf, XML_TYPE } from "./multistatus.ts";
import { membersOf, type Resource } from "./resource.ts";
import { isDavName, keyOf, nameOfKey, type Propfind, type PropertyName, readPropfind } from "./xml-requests.ts";

/** Resources listed before others get their turn. */
const STEP = 200;

export async function propfind(exchange: Exchange): Promise<Response> {
  const { c, path, find, log } = exchange;
  const wanted = readPropfind(await c.req.text());
  const depth = readDepth(c.req.header("depth"), "infinity");
  if (depth === null) throw new DavError(400, "bad_depth", "The header Depth is 0, 1 or infinity.");
  const found = find(path);
  if (found === null) throw nothingThere();
  const around = surroundings(exchange, wanted);
  const resources = depth === "infinity" ? boundedTree(exchange, found) : withMembers(exchange, found, depth);
  const tell = (resource: Resource): string => describe(exchange, resource, wanted, around);
  return sendStream(c, inSteps(multistatus(map(resources, tell))), 207, { "content-type": XML_TYPE }, log);
}

function surroundings({ locks, library, clock }: Exchange, wanted: Propfind): Surroundings {
  const isAsked = wanted.kind !== "names" && wanted.names.some((name) => isDavName(name) && isQuota(name.local));
  const space = isAsked ? library.space() : null;
  return { locks: (path) => locks.covering(path), nowMs: clock.nowMs(), space };
}

function* withMembers({ library }: Exchange, found: Resource, depth: "0" | "1"): Generator<Resource> {
  yield found;
  if (depth === "1" && found.kind === "folder") yield* membersOf(library, found);
}

/** Throws DavError 403 `too_deep` with `propfind-finite-depth`, by which clients know to ask folder by folder. */
function boundedTree({ library }: Exchange, found: Resource): Resource[] {
  const all: Resource[] = [found];
  for (let at = 0; at < all.length; at++) {
    const next = all[at] as Resource;
    if (next.kind !== "folder") continue;
    for (const member of membersOf(library, next)) {
      all.push(member);
      if (all.length > DAV_LIMITS.deepEntries) throw tooDeep();
    }
  }
  return all;
}

function describe({ library }: Exchange, resource: Resource, wanted: Propfind, around: Surroundings): string {
  const noted = library.properties.list(resource.id);
  if (wanted.kind === "names") {
    const usual = USUAL_NAMES.filter((local) => liveProperty(local, resource, around) !== null);
    const names = noted.map(({ name }) => emptyElement(nameOfKey(name)));
    return responseOf(resource, [
      { status: 200, elements: [...usual.map((local) => davElement(local, "")), ...names] },
    ]);
  }
  const read = (name: PropertyName): string | null => readProperty(name, resource, around, noted);
  const all = wanted.kind === "all" ? [...usualOf(resource, around), ...noted.map(({ xml }) => xml)] : [];
  const found = wanted.names.flatMap((name) => read(name) ?? []);
  const missing = wanted.names.filter((name) => read(name) === null).map(emptyElement);
  return responseOf(resource, [
    { status: 200, elements: [...all, ...found] },
    { status: 404, elements: missing },
  ]);
}

function usualOf(resource: Resource, around: Surroundings): string[] {
  return USUAL_NAMES.flatMap((local) => {
    const inside = liveProperty(local, resource, around);
    return inside === null ? [] : [davElement(local, inside)];
  });
}

function readProperty(
  name: PropertyName,
  resource: Resource,
  around: Surroundings,
  noted: readonly FileProperty[],
): string | null {
  const inside = isDavName(name) ? liveProperty(name.local, resource, around) : null;
  if (inside !== null) return davElement(name.local, inside);
  const key = keyOf(name);
  return noted.find((property) => property.name === key)?.xml ?? null;
}

function* map<From, To>(from: Iterable<From>, to: (item: From) => To): Generator<To> {
  for (const item of from) yield to(item);
}

const encoder = new TextEncoder();

/** Bytes, so many resources at a time. */
async function* inSteps(lines: Iterable<string>): AsyncGenerator<Uint8Array> {
  let waiting: string[] = [];
  for (const line of lines) {
    waiting.push(line);
    if (waiting.length < STEP) continue;
    yield encoder.encode(waiting.join(""));
    waiting = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield encoder.encode(waiting.join(""));
}

export function nothingThere(): DavError {
  return new DavError(404, "unknown_file", "There is no such file or folder.");
}

function tooDeep(): DavError {
  const words = "All that is below a folder is not listed at once. Ask with Depth 1.";
  return new DavError(403, "too_deep", words, { name: "propfind-finite-depth" });
}
