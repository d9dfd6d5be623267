/**
 * Where the tor program is on this machine, and what to say where there is none.
 *
 *   chosen by the person | folders of PATH | where packages put it outside of PATH | inside Tor Browser
 */
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import type { RouteProblem } from "../route.ts";

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** As the shell has it. */
  readonly path: string;
  readonly home: string;
  /** /etc/os-release; empty where there is none. */
  readonly osRelease: string;
}

/** The program to start, or null. `chosen` is taken as it is, or not at all. */
export function findTor(
  machine: Machine,
  chosen: string | null,
  isProgram: (path: string) => boolean = canRun,
): string | null {
  const candidates = chosen === null ? torCandidates(machine) : [chosen];
  return candidates.find(isProgram) ?? null;
}

/** All places to look at, the best first. */
export function torCandidates({ platform, path, home }: Machine): string[] {
  const name = platform === "win32" ? "tor.exe" : "tor";
  const folders = path.split(platform === "win32" ? ";" : delimiter).filter(Boolean);
  return [
    ...folders.map((folder) => join(folder, name)),
    ...(OTHER_PLACES[platform] ?? []),
    ...inBrowser(platform, home),
  ];
}

const OTHER_PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["/usr/bin/tor", "/usr/sbin/tor", "/usr/local/bin/tor", "/home/linuxbrew/.linuxbrew/bin/tor"],
  darwin: ["/opt/homebrew/bin/tor", "/usr/local/bin/tor", "/opt/local/bin/tor"],
  freebsd: ["/usr/local/bin/tor"],
  openbsd: ["/usr/local/bin/tor"],
};

/** Tor Browser brings a tor of its own, which runs without the browser. */
function inBrowser(platform: NodeJS.Platform, home: string): string[] {
  const bundle = "Browser/TorBrowser/Tor";
  if (platform === "darwin") {
    return ["/Applications", join(home, "Applications")].map((folder) =>
      join(folder, "Tor Browser.app/Contents/MacOS/Tor/tor"),
    );
  }
  const windows = platform === "win32";
  return (windows ? BUNDLES_ON_WINDOWS : BUNDLES).map((folder) =>
    join(home, folder, bundle, windows ? "tor.exe" : "tor"),
  );
}

const BUNDLES: readonly string[] = [
  "tor-browser",
  "Downloads/tor-browser",
  ".local/share/torbrowser/tbb/x86_64/tor-browser",
];
const BUNDLES_ON_WINDOWS: readonly string[] = ["Desktop/Tor Browser", "AppData/Local/Tor Browser"];

/** Problem `tor_missing`, with the command that installs it here. */
export function torMissing(machine: Machine, chosen: string | null): RouteProblem {
  if (chosen !== null) {
    return {
      code: "tor_missing",
      message: "The tor program that was chosen is not there or cannot be started.",
      hint: "Correct its path in the settings, or leave it out to have Nocturne look for one.",
    };
  }
  return {
    code: "tor_missing",
    message: "Tor is not installed on this machine, so nothing can leave by it.",
    hint: `Install it: ${installCommand(machine)}. Nocturne notices by itself.`,
  };
}

/** Another program by its name: in the folders of PATH, and where packages put it outside of PATH. Null when it is not here. */
export function findProgram(
  machine: Machine,
  name: string,
  isProgram: (path: string) => boolean = canRun,
): string | null {
  const own = machine.platform === "win32" ? `${name}.exe` : name;
  const beside = torCandidates(machine).flatMap((path) => [
    join(dirname(path), own),
    join(dirname(path), "PluggableTransports", own),
  ]);
  return beside.find(isProgram) ?? null;
}

/** What to do where a package is missing, with the command that installs it here. */
export function installHint(machine: Machine, packageName: string): string {
  return `Install it: ${installCommand(machine, packageName)}. Or take bridges of another kind.`;
}

function installCommand({ platform, osRelease }: Machine, packageName = "tor"): string {
  if (platform === "darwin") return `brew install ${packageName}`;
  if (platform === "win32") return "winget install TorProject.TorBrowser";
  const families = /^ID(?:_LIKE)?=.*/gm;
  const names = (osRelease.match(families) ?? [])
    .join(" ")
    .toLowerCase()
    .split(/[^a-z]+/);
  const family = Object.keys(INSTALL_COMMANDS).find((name) => names.includes(name));
  if (family === undefined) return `the package is called ${packageName}`;
  return `${INSTALL_COMMANDS[family]}${packageName}`;
}

const INSTALL_COMMANDS: Readonly<Record<string, string>> = {
  debian: "sudo apt install ",
  ubuntu: "sudo apt install ",
  fedora: "sudo dnf install ",
  rhel: "sudo dnf install ",
  arch: "sudo pacman -S ",
  suse: "sudo zypper install ",
  alpine: "sudo apk add ",
  void: "sudo xbps-install ",
  nixos: "nix-env -iA nixos.",
};

/** This machine. `path` as the shell has it: the environment is read in one place only, which is not here. */
export function thisMachine(path: string): Machine {
  let osRelease = "";
  try {
    osRelease = readFileSync("/etc/os-release", "utf8");
  } catch {
    // other systems have none
  }
  return { platform: process.platform, path, home: homedir(), osRelease };
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
