/**
 * Which browser of the Chromium family this machine has, and what to say where it has none. Others cannot be given a
 * throwaway profile and the flags that keep everything behind the proxy; Firefox has a recipe instead.
 */
import { accessSync, constants, realpathSync } from "node:fs";
import { join } from "node:path";
import type { RouteProblem } from "../route/route.ts";

/** What is tried in the folders of PATH, the best first: those that call home least. */
const NAMES: readonly string[] = [
  "ungoogled-chromium",
  "chromium",
  "chromium-browser",
  "brave-browser",
  "brave",
  "google-chrome-stable",
  "google-chrome",
  "microsoft-edge-stable",
  "microsoft-edge",
];

const OTHER_PLACES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["Chromium", "Brave Browser", "Google Chrome", "Microsoft Edge"].map(
    (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
  ),
  win32: [
    "Chromium\\Application\\chrome.exe",
    "BraveSoftware\\Brave-Browser\\Application\\brave.exe",
    "Google\\Chrome\\Application\\chrome.exe",
    "Microsoft\\Edge\\Application\\msedge.exe",
  ].flatMap((path) => [`C:\\Program Files\\${path}`, `C:\\Program Files (x86)\\${path}`]),
};

/** Path of the program, or null. `searchPath` is the environment's PATH. */
export function findBrowser(
  platform: NodeJS.Platform,
  searchPath: string,
  isProgram: (path: string) => boolean = canRun,
): string | null {
  const folders = searchPath.split(platform === "win32" ? ";" : ":").filter(Boolean);
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...inPath, ...(OTHER_PLACES[platform] ?? [])].find(isProgram) ?? null;
}

/** A snap sees a temporary folder of its own, so that its profile would stay behind where nobody clears it away. */
function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !/(^|\/)snap(\/|$)/.test(realpathSync(path));
  } catch {
    return false;
  }
}

/** Problem `browser_missing`. */
export function browserMissing(platform: NodeJS.Platform): RouteProblem {
  const install =
    platform === "linux" ? "Install one, for example: sudo apt install chromium (not as a snap)." : "Install Chromium.";
  return {
    code: "browser_missing",
    message: "No browser for private windows was found: Chromium, Brave, Chrome or Edge.",
    hint: `${install} For Firefox there is: nocturne browse --recipe firefox`,
  };
}
