/** MKCOL, DELETE, COPY and MOVE: where things are. What is deleted or replaced goes into the trash or becomes a version. */
import { checkPreconditions } from "./conditions.ts";
import { noParent } from "./content.ts";
import { DavError } from "./dav-error.ts";
import { checkNewName, isBelow, parentOf, readDestination } from "./dav-path.ts";
import { done, type Exchange, readDepth } from "./exchange.ts";
import { nothingThere } from "./propfind.ts";
import type { Resource } from "./resource.ts";

export async function makeCollection({ c, path, find, locks, shown, tree }: Exchange): Promise<Response> {
  if ((await c.req.text()) !== "") throw new DavError(415, "unknown_body", "A folder is made without a body.");
  const there = find(path);
  if (there) throw new DavError(405, "name_taken", "There is something of this name already.");
  checkNewName(path);
  if (find(parentOf(path))?.kind !== "folder") throw noParent();
  locks.check(path, "name", shown);
  checkPreconditions(c, there);
  tree.makeFolder(path);
  return done(c, 201);
}

export function remove({ c, path, find, locks, shown, tree }: Exchange): Response {
  const found = find(path);
  if (found === null) throw nothingThere();
  if (path === "/") throw isTop();
  const depth = readDepth(c.req.header("depth"), "infinity");
  if (found.kind === "folder" && depth !== "infinity") throw badDepth();
  locks.check(path, "tree", shown);
  checkPreconditions(c, found);
  tree.remove(path);
  locks.drop(path);
  return done(c, 204);
}

export async function copy(exchange: Exchange): Promise<Response> {
  const { c, path, tree, locks } = exchange;
  const { to, inTheWay } = checkWay(exchange);
  const depth = readDepth(c.req.header("depth"), "infinity");
  if (depth !== "infinity" && depth !== "0") throw badDepth();
  await tree.copy(path, to, { replace: true, shallow: depth === "0" });
  if (inTheWay?.kind === "folder") locks.drop(to);
  return done(c, inTheWay ? 204 : 201);
}

export async function move(exchange: Exchange): Promise<Response> {
  const { c, path, locks, shown, tree } = exchange;
  const { from, to, inTheWay } = checkWay(exchange);
  if (path === "/") throw isTop();
  if (from.kind === "folder" && readDepth(c.req.header("depth"), "infinity") !== "infinity") throw badDepth();
  locks.check(path, "tree", shown);
  await tree.move(path, to, { replace: true });
  if (inTheWay?.kind === "folder") locks.drop(to);
  locks.drop(path); // a lock is on a URL, and does not go with what was there (RFC 4918 section 7.5)
  return done(c, inTheWay ? 204 : 201);
}

/** What both must be sure of before they begin. Throws DavError 403, 404, 409, 412, 423. */
function checkWay({ c, path, find, locks, shown }: Exchange): {
  from: Resource;
  to: string;
  inTheWay: Resource | null;
} {
  const to = readDestination(c.req.header("destination"), c.req.header("host"));
  const from = find(path);
  if (from === null) throw nothingThere();
  if (to === path || isBelow(path, to) || (from.kind === "folder" && isBelow(to, path))) throw ontoItself();
  checkPreconditions(c, from);
  const inTheWay = find(to);
  const overwrite = c.req.header("overwrite")?.trim().toUpperCase() ?? "T";
  if (inTheWay && overwrite !== "T") throw new DavError(412, "name_taken", "There is something of this name already.");
  if (find(parentOf(to))?.kind !== "folder") throw noParent();
  if (!inTheWay) checkNewName(to);
  locks.check(to, "tree", shown);
  return { from, to, inTheWay };
}

function ontoItself(): DavError {
  return new DavError(
    403,
    "folder_into_itself",
    "Nothing is copied or moved onto itself, into itself, or onto what it lies in.",
  );
}

function isTop(): DavError {
  return new DavError(403, "top_folder", "The library itself can be neither deleted nor moved.");
}

function badDepth(): DavError {
  return new DavError(400, "bad_depth", "A folder is taken with all that is in it: Depth is infinity.");
}
