/**
 * Programs that some tests drive and that npm cannot install. This is the one list: `npm test` installs the
 * Debian packages named here where it may, and a test that needs one skips with its reason where it is missing.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";

/** Program name on PATH -> Debian package. */
export const TOOLS = {
  chromium: "chromium",
  "chromium-headless-shell": "chromium-headless-shell",
  "firefox-esr": "firefox-esr",
  age: "age",
  openssl: "openssl",
  litmus: "litmus",
  rclone: "rclone",
  fusermount3: "fuse3",
  unzip: "unzip",
  ip: "iproute2",
  tcpdump: "tcpdump",
  strace: "strace",
  tor: "tor",
  obfs4proxy: "obfs4proxy",
  i2pd: "i2pd",
  curl: "curl",
} as const;

export type Tool = keyof typeof TOOLS;

/** Where Debian puts servers, tor and i2pd among them, and a user's PATH often does not look. */
const SYSTEM_FOLDERS: readonly string[] = ["/usr/sbin", "/usr/local/sbin"];

/** Full path of a program in PATH or in the system's folders; null when none has it. */
export function findProgram(name: string): string | null {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}

/**
 * Full path of a program that the test needs, or null after marking the test as skipped and saying so on
 * stderr: a run that could not check something must not look like one that did.
 */
export function requireTool(t: TestContext, name: Tool): string | null {
  const path = findProgram(name);
  if (path === null) {
    const reason = `${name} is not installed (Debian package ${TOOLS[name]})`;
    console.error(`SKIPPED: ${t.name}: ${reason}`);
    t.skip(reason);
  }
  return path;
}
