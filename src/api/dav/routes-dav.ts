/**
 * The library over WebDAV (RFC 4918, classes 1 and 2), for file managers of this machine:
 *
 *   guard (Host; no page of a browser)  ->  mount is on  ->  name and password  ->  path  ->  If  ->  method
 *
 * The password travels in the header `Authorization` alone, and is good for nothing but this. Every refusal is heard:
 * what is left of a body is read first.
 */
import { Hono } from "hono";
import { auth } from "hono/utils/basic-auth";
import { InternalError, LockedError, toNocturneError } from "../../core/errors.ts";
import { DAV_LIMITS } from "../../core/limits.ts";
import { FileTree } from "../../files/tree.ts";
import type { Services } from "../../node/services.ts";
import { type DropBounds, REFUSED } from "../body.ts";
import type { Api, ApiEnvironment, Routes } from "../environment.ts";
import { GuardError } from "../errors.ts";
import { UploadBody } from "./body.ts";
import { checkIfHeader } from "./conditions.ts";
import { get, put } from "./content.ts";
import { DavError, davErrorBody, davStatusOf } from "./dav-error.ts";
import { readTarget } from "./dav-path.ts";
import { done, type DavRooms, type Exchange, type Method } from "./exchange.ts";
import { LockTable } from "./lock-table.ts";
import { lock, unlock } from "./locking.ts";
import { copy, makeCollection, move, remove } from "./places.ts";
import { propfind } from "./propfind.ts";
import { proppatch } from "./proppatch.ts";
import { findResource } from "./resource.ts";
import type { Context } from "hono";

const METHODS: Readonly<Record<string, Method>> = {
  OPTIONS: options,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  MKCOL: makeCollection,
  GET: get,
  HEAD: get,
  PUT: put,
  DELETE: remove,
  COPY: copy,
  MOVE: move,
  LOCK: lock,
  UNLOCK: unlock,
};

/** Who showed the password is the owner, whose programs send all of a file before they look for the answer. */
const DRAINED: DropBounds = { bytes: DAV_LIMITS.drainBytes, ms: DAV_LIMITS.drainMs };

export function davRoutes({ services }: Api): Routes {
  const { files, clock, log } = services;
  const rooms: DavRooms = {
    library: files,
    tree: new FileTree(files),
    locks: new LockTable(clock),
    clock,
    log,
  };
  const answer = async (c: Context<ApiEnvironment>): Promise<Response> => {
    let bounds = REFUSED;
    try {
      await admit(c, services);
      bounds = DRAINED;
      const exchange = exchangeOf(c, rooms);
      const method = METHODS[c.req.method];
      if (method === undefined) throw new DavError(405, "unknown_method", "WebDAV has no such method.");
      return await method(exchange);
    } catch (error) {
      return refuse(c, services, error, bounds);
    }
  };
  return new Hono<ApiEnvironment>().all("*", answer);
}

/** Throws LockedError, GuardError 404 `mount_off`, 401 `no_password`, ValidationError `too_many_attempts`. */
async function admit(c: Context<ApiEnvironment>, { vault, mount }: Services): Promise<void> {
  if (vault.locked) throw new LockedError();
  if (!mount.isOn)
    throw new GuardError(404, "mount_off", "The mount is off.", { hint: "Turn it on: nocturne files mount" });
  const shown = auth(c.req.raw);
  if (shown !== undefined && (await mount.admits(shown.username, shown.password))) return;
  c.header("www-authenticate", 'Basic realm="Nocturne", charset="UTF-8"');
  throw new GuardError(401, "no_password", "This needs the mount's name and password.", {
    hint: "See them: nocturne files mount",
  });
}

function exchangeOf(c: Context<ApiEnvironment>, rooms: DavRooms): Exchange {
  const { library, tree, locks } = rooms;
  const path = readTarget(c.env.incoming.url ?? "/");
  const find: Exchange["find"] = (at) => findResource(library, tree, at);
  const shown = checkIfHeader(c.req.header("if"), { path, host: c.req.header("host"), locks, find });
  return { ...rooms, c, path, find, shown };
}

/** Windows asks for the first of these headers, and mounts nothing without it. */
function options({ c }: Exchange): Response {
  const allow = Object.keys(METHODS).join(", ");
  return done(c, 200, { "ms-author-via": "DAV", dav: "1, 2", allow, "accept-ranges": "bytes", "content-length": "0" });
}

async function refuse(
  c: Context<ApiEnvironment>,
  { log }: Services,
  thrown: unknown,
  bounds: DropBounds,
): Promise<Response> {
  const error = toNocturneError(thrown);
  const { incoming, outgoing } = c.env;
  const isWhole = c.req.method !== "PUT" || (await new UploadBody(incoming, outgoing).drain(bounds));
  if (!isWhole) c.header("connection", "close");
  if (error instanceof LockedError) c.header("retry-after", "30");
  if (error instanceof InternalError && !incoming.socket.destroyed)
    log.error({ code: error.code }, "a mount's request failed");
  const { type, text } = davErrorBody(error);
  return c.body(text, davStatusOf(error), { "content-type": type });
}
