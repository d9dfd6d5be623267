/**
 * Paths of the library as they stand in URLs.
 *
 *   /dav/Z%C3%BCrich/plan%20(1).txt   <->   "/Zürich/plan (1).txt"       /dav, /dav/   <->   "/"
 *
 * Read from the request line itself: what a URL parser makes of `..`, `//` or `#` is not what the client named, and a
 * DELETE of the wrong folder is the worst that can happen here.
 */
import { cleanFileName } from "../../files/file-name.ts";
import { DavError } from "./dav-error.ts";

export const DAV_ROOT = "/dav";

/**
 * A path of the tree in normal form C: "/", or names each after a "/". Throws DavError 400 `bad_path`.
 */
export function readTarget(target: string): string {
  if (target !== DAV_ROOT && !target.startsWith(`${DAV_ROOT}/`)) throw badPath();
  if (/[?#]/.test(target)) throw badPath();
  const segments = target.slice(DAV_ROOT.length).split("/");
  return `/${segments
    .filter((segment) => segment !== "")
    .map(readName)
    .join("/")}`;
}

function readName(segment: string): string {
  let name: string;
  try {
    name = decodeURIComponent(segment).normalize("NFC");
  } catch {
    throw badPath();
  }
  if (name === "." || name === ".." || /[/\0]/.test(name)) throw badPath();
  return name;
}

/** The URL's path; a folder's ends with a "/", so that what is relative to it lies in it. */
export function hrefOf(path: string, isFolder: boolean): string {
  const href = DAV_ROOT + path.split("/").map(encodeURIComponent).join("/");
  return isFolder && !href.endsWith("/") ? `${href}/` : href;
}

/** "/" for what lies at the top, and for the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether `path` lies below `folder`, at any depth. */
export function isBelow(path: string, folder: string): boolean {
  return path !== folder && path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

/**
 * Refuses a name that the library would change: the client would look for it where it is not. Throws DavError 400
 * `bad_name`, ValidationError `bad_file_name`.
 */
export function checkNewName(path: string): void {
  const name = nameOf(path);
  if (cleanFileName(name) === name) return;
  const words = "Names have no spaces at their ends, no backslashes, and no characters that cannot be seen.";
  throw new DavError(400, "bad_name", words);
}

/**
 * Where a COPY or MOVE is to go, from the header `Destination`: a URL of this node, or its path. Throws DavError 400
 * `bad_path`, 502 `elsewhere`.
 */
export function readDestination(header: string | undefined, host: string | undefined): string {
  if (header === undefined) throw badPath();
  const [, authority, path] = /^https?:\/\/([^/]*)(\/.*)$/i.exec(header) ?? [];
  if (authority === undefined || path === undefined) return readTarget(header);
  if (authority.toLowerCase() === host?.toLowerCase()) return readTarget(path);
  throw new DavError(502, "elsewhere", "Files are not sent to another server.");
}

function badPath(): DavError {
  return new DavError(400, "bad_path", "This is no path of the library.");
}
