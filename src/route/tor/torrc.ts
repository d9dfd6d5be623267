/**
 * The settings of our tor, as the text of its torrc. Pure. Tor reads it from standard input, so that it lies on no disk.
 *
 *   what a person may change | %include of his file | what we rely on, which therefore comes last
 *
 * What is not here stays as Tor has it: docs/tor.md says what that is, and why.
 */
import { join } from "node:path";
import { ValidationError } from "../../core/errors.ts";

/** A place of which Tor reads or writes: in our folder, or a port of this machine that Tor picks and writes to a file. */
export type Listening = { readonly path: string } | { readonly portFile: string };

export interface TorrcParts {
  /** Ours alone. Absolute. */
  readonly folder: string;
  /** The process that this tor ends with. */
  readonly ownerPid: number;
  /** A file of further settings, for people behind a proxy and for private networks; null without. */
  readonly extraTorrc: string | null;
  /** As after the word `Bridge`; none: straight to guards. */
  readonly bridges: readonly string[];
  /** As after the word `ClientTransportPlugin`. */
  readonly plugins: readonly string[];
}

/** Paths of a Unix socket have room for so many bytes, with the zero that ends them (Linux 108, macOS 104). */
const SOCKET_PATH_BYTES = 103;

/** The text, ending with a line feed. Throws ValidationError `bad_tor_setting` for a part that no line can hold. */
export function writeTorrc(parts: TorrcParts): string {
  const { folder, ownerPid, extraTorrc, bridges, plugins } = parts;
  const control = controlListening(folder);
  const lines = [
    "SafeLogging 1",
    "AvoidDiskWrites 1",
    "ClientUseIPv6 1",
    "Log warn stdout",
    ...(extraTorrc === null ? [] : [`%include ${quote(extraTorrc)}`]),
    `DataDirectory ${quote(dataDirectory(folder))}`,
    "ClientOnly 1",
    // After a day without use Tor sleeps; a node that starts is about to be used.
    "DormantCanceledByStartup 1",
    `SocksPort ${listen(socksListening(folder))} IsolateSOCKSAuth`,
    `ControlPort ${listen(control)}`,
    ...("portFile" in control ? [`ControlPortWriteToFile ${quote(control.portFile)}`] : []),
    "CookieAuthentication 1",
    `__OwningControllerProcess ${ownerPid}`,
    ...(bridges.length === 0 ? [] : ["UseBridges 1"]),
    ...plugins.map((plugin) => `ClientTransportPlugin ${checked(plugin)}`),
    ...bridges.map((bridge) => `Bridge ${checked(bridge)}`),
  ];
  return `${lines.join("\n")}\n`;
}

export function dataDirectory(folder: string): string {
  return join(folder, "data");
}

/** Tor writes 32 random bytes there at each start. */
export function cookiePath(folder: string): string {
  return join(dataDirectory(folder), "control_auth_cookie");
}

/** A socket in the folder, which no other user of this machine gets into; where that cannot be, a port. */
export function controlListening(folder: string): Listening {
  return listeningAt(join(folder, "control"), join(folder, "control.port"));
}

/** As above; which port it is, Tor tells on request. */
export function socksListening(folder: string): Listening {
  return listeningAt(join(folder, "socks"), join(folder, "socks.port"));
}

function listeningAt(path: string, portFile: string): Listening {
  const fits = Buffer.byteLength(path) <= SOCKET_PATH_BYTES && path.startsWith("/") && !/["\\#\n\r]/.test(path);
  return fits ? { path } : { portFile };
}

function listen(place: Listening): string {
  return "path" in place ? `unix:"${place.path}"` : "127.0.0.1:auto";
}

/** As torrc quotes: C escapes, which also keep `#` from beginning a comment. */
function quote(path: string): string {
  if (!isOneLine(path)) throw badSetting();
  return `"${path.replace(/["\\]/g, "\\$&")}"`;
}

/**
 * A line break would begin another setting, such as a plugin that is a program of somebody's choice; a backslash at the
 * end would join the next line to it.
 */
function checked(text: string): string {
  if (!isOneLine(text) || text.endsWith("\\")) throw badSetting();
  return text;
}

function isOneLine(text: string): boolean {
  return !/[\p{Cc}\u2028\u2029]/u.test(text) && text.trim() !== "";
}

function badSetting(): ValidationError {
  return new ValidationError("bad_tor_setting", "A setting of Tor is not one line of text.", {
    hint: "Enter each bridge on a line of its own.",
  });
}
