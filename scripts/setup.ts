/** What checks and tests need beyond `npm ci`: programs of Debian, and the independent clients of test/interop. */
import { existsSync, statSync } from "node:fs";
import { findProgram, type Tool, TOOLS } from "../test/support/tools.ts";
import { run } from "./processes.ts";

/** Of the packages below, those that begin to run when they are installed, and at each start of the machine from then on. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  tor: ["tor.service", "tor@default.service"],
  i2pd: ["i2pd.service"],
};
const INTEROP = "test/interop";

/**
 * Installs the missing Debian packages that tests need, when this is Debian and we are root; elsewhere names
 * them, and their tests skip. Returns the programs that are still missing.
 */
export async function installTools(): Promise<Tool[]> {
  const wanted = missingTools();
  if (wanted.length === 0) return [];
  const packages = wanted.map((name) => TOOLS[name]);
  if (process.getuid?.() === 0 && findProgram("apt-get") !== null) {
    console.error(`Installing Debian packages that the tests need: ${packages.join(" ")}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    // Tests start what they need by themselves: no router of this machine is to run because of them. One that somebody
    // has installed for himself is left as it is.
    const services = existsSync("/run/systemd/system") ? packages.flatMap((name) => SERVICES[name] ?? []) : [];
    if (services.length > 0) await run("systemctl", ["mask", "--runtime", ...services], { env });
    const update = await run("apt-get", ["update", "-qq"], { env });
    const install = await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], { env });
    if (!install.ok) console.error(update.output + install.output);
    if (services.length > 0) {
      await run("systemctl", ["unmask", "--runtime", ...services], { env });
      await run("systemctl", ["disable", ...services], { env });
    }
  }
  const left = missingTools();
  if (left.length > 0) {
    console.error(`MISSING: ${left.join(", ")}. Their tests are skipped. Install the Debian packages (as root):`);
    console.error(`  apt-get update && apt-get install -y ${left.map((name) => TOOLS[name]).join(" ")}`);
  }
  return left;
}

function missingTools(): Tool[] {
  return (Object.keys(TOOLS) as Tool[]).filter((name) => findProgram(name) === null);
}

/** Installs the packages of test/interop as locked, unless that lock is installed already. */
export async function installInterop(): Promise<boolean> {
  const lock = `${INTEROP}/package-lock.json`;
  const installed = `${INTEROP}/node_modules/.package-lock.json`;
  if (!existsSync(lock)) return true;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return true;
  const install = await run("npm", ["ci", "--no-progress", "--no-audit", "--no-fund"], { cwd: INTEROP });
  if (!install.ok) console.error(install.output);
  return install.ok;
}
