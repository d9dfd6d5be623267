/**
 * One running browser with its throwaway profile.
 *
 *   us --fd 3: commands--> browser --fd 4: answers--> us        (Chromium's DevTools protocol over a pipe)
 *
 * The pipe tells when it is ready and asks it to end, and its breaking ends the browser when we crash. Nothing else is asked
 * over it: no page is looked at.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { InternalError } from "../core/errors.ts";
import { BROWSE_LIMITS } from "../core/route-limits.ts";
import { browserArguments, type BrowserStart } from "./browser-flags.ts";
import { createProfile, type Profile } from "./browser-profile.ts";

export interface PrivateBrowserOptions extends Omit<BrowserStart, "profile"> {
  readonly program: string;
  /** As `browserEnvironment` makes it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Enough of what it says to find out why it did not start. */
const KEPT_CHARACTERS = 2_000;

export class PrivateBrowser {
  /** Once it has ended, however it did, and its profile is gone. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, profile: Profile) {
    this.#child = child;
    const exited = new Promise((resolve) => {
      child.once("exit", resolve);
      child.once("error", resolve); // it could not be started at all
    });
    this.ended = exited.then(() => profile.remove()).catch(() => {}); // what stays goes as an orphan later
  }

  /** Resolves when it shows a window. Throws InternalError `browser_failed`, and leaves nothing behind then. */
  static async launch({ program, environment, ...start }: PrivateBrowserOptions): Promise<PrivateBrowser> {
    const profile = createProfile();
    const child = spawn(program, browserArguments({ ...start, profile: profile.folder }), {
      env: environment,
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    const browser = new PrivateBrowser(child, profile);
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-KEPT_CHARACTERS)));
    for (const pipe of child.stdio.slice(2)) pipe?.on("error", () => {}); // broken by its end, which `ended` tells
    const answer = once(child.stdio[4] as NodeJS.ReadableStream, "data").then(() => true);
    browser.#command("Browser.getVersion");
    const gone = browser.ended.then(() => false);
    const late = AbortSignal.timeout(BROWSE_LIMITS.launchMs);
    const tooLate = once(late, "abort").then(() => false);
    if (await Promise.race([answer.catch(() => false), gone, tooLate])) {
      child.stdio[4]?.on("data", () => {});
      return browser;
    }
    await browser.close();
    throw notStarted(said);
  }

  /** Asks it to end, kills it if it does not, and removes its profile. */
  async close(): Promise<void> {
    this.#command("Browser.close");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), BROWSE_LIMITS.stopMs);
    await this.ended;
    clearTimeout(timer);
  }

  #command(method: string): void {
    (this.#child.stdio[3] as Writable | null)?.write(`${JSON.stringify({ id: 1, method })}\0`);
  }
}

function notStarted(said: string): InternalError {
  return new InternalError("browser_failed", "The browser could not be started.", {
    hint: "Start it once by itself to see whether it works on this machine.",
    cause: new Error(said),
  });
}
