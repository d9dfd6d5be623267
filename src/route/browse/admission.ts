/**
 * Who may use a proxy of private browsing. Its port is open to every program on this machine, also to those of other
 * people, whose traffic would then share circuits with its owner's.
 *
 *   password    SOCKS user and password, or Proxy-Authorization: Basic
 *   own-user    for browsers that can give neither (Chromium): the connection has to come from a process of the same user
 *
 * Only Linux tells whose a connection is; elsewhere `own-user` lets everybody on the machine in, and the docs say so.
 */
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import process from "node:process";
import { equalBytes, utf8Encode } from "../../core/bytes.ts";

export type Admission =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  | { readonly kind: "own-user" };

/** Whether a user and password are the right ones; always true where none are asked for. */
export function isKnown(admission: Admission, user: string, password: string): boolean {
  if (admission.kind === "own-user") return true;
  return equalBytes(utf8Encode(`${user}\0${password}`), utf8Encode(`${admission.user}\0${admission.password}`));
}

/** The same of a Proxy-Authorization header (RFC 7617). */
export function isAuthorized(admission: Admission, header: string | undefined): boolean {
  if (admission.kind === "own-user") return true;
  const encoded = /^basic\s+([\w+/=]+)\s*$/i.exec(header ?? "")?.[1] ?? "";
  const [user = "", ...rest] = Buffer.from(encoded, "base64").toString().split(":");
  return isKnown(admission, user, rest.join(":"));
}

/** Whether the other end of an accepted connection belongs to a process of our own user; true where nobody can tell. */
export async function isOwnUser(socket: Socket): Promise<boolean> {
  const self = process.getuid?.();
  if (process.platform !== "linux" || self === undefined) return true;
  const { remotePort, localPort } = socket;
  if (remotePort === undefined || localPort === undefined) return false;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "latin1").catch(() => "")),
  );
  return tables.some((table) => ownerOf(table, remotePort, localPort) === self);
}

/** IPv4 loopback, as the kernel writes it, also within IPv6. */
const LOOPBACK = "(?:0{16}FFFF0{4})?0100007F";
/** A closed end has no owner any more and shows as root's, so that it must not count. */
const ESTABLISHED = "01";

/** User id of the established loopback connection from port `from` to port `to` in a table of proc(5) net/tcp, or null. */
export function ownerOf(table: string, from: number, to: number): number | null {
  const [near, far] = [from, to].map((port) => `${LOOPBACK}:${port.toString(16).toUpperCase().padStart(4, "0")}`);
  const line = new RegExp(`^ *\\d+: ${near} ${far} ${ESTABLISHED} \\S+ \\S+ \\S+ +(\\d+) `, "m").exec(table);
  return line === null ? null : Number(line[1]);
}
