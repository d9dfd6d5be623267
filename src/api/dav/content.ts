/** GET, HEAD and PUT: contents of files, streamed both ways. */
import { ValidationError } from "../../core/errors.ts";
import type { ContentRange } from "../../files/content-range.ts";
import { sendStream } from "../download.ts";
import { parseRange } from "../range.ts";
import { UploadBody } from "./body.ts";
import { checkPreconditions } from "./conditions.ts";
import { DavError } from "./dav-error.ts";
import { checkNewName, parentOf } from "./dav-path.ts";
import { done, type Exchange } from "./exchange.ts";
import { contentTypeOf } from "./live-properties.ts";
import { nothingThere } from "./propfind.ts";
import type { FileResource } from "./resource.ts";

const FOLDER_WORDS = "This is a folder of a library in Nocturne. Mount it in a file manager: nocturne files mount\n";

export async function get(exchange: Exchange): Promise<Response> {
  const { c, path, find, tree, log } = exchange;
  const found = find(path);
  if (found === null) throw nothingThere();
  if (found.kind === "folder") return c.body(FOLDER_WORDS, 200, { "content-type": "text/plain" });
  const isFresh = checkPreconditions(c, found);
  const headers = headersOf(found);
  if (isFresh) return c.body(null, 304, { etag: found.etag });
  if (found.hasPassword) throw passwordOfItsOwn();
  const range = rangeOf(exchange, found);
  if (c.req.method === "HEAD") return done(c, 200, { ...headers, "content-length": String(found.bytes) });
  if (range === null) {
    const whole = { ...headers, "content-length": String(found.bytes) };
    return sendStream(c, await tree.open(path), 200, whole, log);
  }
  const { start, end } = range;
  const part = { "content-range": `bytes ${start}-${end - 1}/${found.bytes}`, "content-length": String(end - start) };
  return sendStream(c, await tree.open(path, { range }), 206, { ...headers, ...part }, log);
}

function headersOf({ path, etag, changedAt }: FileResource): Record<string, string> {
  const modified = new Date(changedAt).toUTCString();
  return { "content-type": contentTypeOf(path), etag, "last-modified": modified, "accept-ranges": "bytes" };
}

/** null for the whole: nothing asked, a form that is not served, or a part of another content. Throws DavError 416. */
function rangeOf({ c }: Exchange, { bytes, etag }: FileResource): ContentRange | null {
  const asked = parseRange(c.req.header("range"));
  const ifRange = c.req.header("if-range");
  if (asked === null || (ifRange !== undefined && ifRange !== etag)) return null;
  if (asked.start < bytes) return { start: asked.start, end: Math.min(asked.end ?? bytes, bytes) };
  c.header("content-range", `bytes */${bytes}`);
  throw new DavError(416, "bad_range", "This part of the file does not exist.");
}

/** A new file, or a save of the one that is there; nothing changes before its last byte was sealed and written. */
export async function put(exchange: Exchange): Promise<Response> {
  const { c, path, find, locks, shown, tree } = exchange;
  const before = find(path);
  if (c.req.header("content-range") !== undefined) throw noParts();
  if (before?.kind === "folder") throw new DavError(405, "is_folder", "There is a folder of this name.");
  if (before === null) checkNewName(path);
  if (find(parentOf(path))?.kind !== "folder") throw noParent();
  locks.check(path, before ? "content" : "name", shown);
  checkPreconditions(c, before);
  if (before?.hasPassword) throw passwordOfItsOwn();
  const source = new UploadBody(c.env.incoming, c.env.outgoing);
  await tree.put(path, source, { cipher: "aes-256-gcm", taken: "save" });
  const after = find(path);
  const headers = after?.kind === "file" ? { etag: after.etag } : {};
  return done(c, before ? 204 : 201, headers);
}

/** An empty file that is only there to be locked. */
export async function putEmpty({ tree, path }: Exchange): Promise<void> {
  await tree.put(path, nothing(), { cipher: "aes-256-gcm", taken: "save" });
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(0);
}

function noParts(): DavError {
  return new DavError(400, "no_parts", "A file is written as a whole, not in parts.");
}

export function noParent(): DavError {
  return new DavError(409, "unknown_folder", "The folder around it does not exist.");
}

/** A program that saved such a file would put a content without a password in the place of one that has it. */
function passwordOfItsOwn(): ValidationError {
  return new ValidationError(
    "file_password_needed",
    "This file has a password of its own, which a mount cannot ask for.",
    {
      hint: "Open it in Nocturne, or with: nocturne files get",
    },
  );
}
