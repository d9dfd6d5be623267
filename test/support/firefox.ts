/**
 * Firefox ESR for the browser tests, driven by WebDriver BiDi over a WebSocket: playwright-core drives only a Firefox
 * of its own, which no registry of ours has. No more of the protocol than these tests use.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { atEnd } from "./cleanup.ts";
import { temporaryFolder } from "./nocturne-process.ts";
import { requireTool } from "./tools.ts";

/** Saves without asking, and calls nobody but the page under test. */
const PREFERENCES = {
  "browser.download.folderList": 2,
  "browser.download.useDownloadDir": true,
  "browser.download.always_ask_before_handling_new_types": false,
  "browser.helperApps.neverAsk.saveToDisk": "application/octet-stream",
  "browser.startup.page": 0,
  "browser.shell.checkDefaultBrowser": false,
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "services.settings.server": "data:,",
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "security.sandbox.content.level": 0,
} as const;

const WAIT_MS = 60_000;

export interface FirefoxPage {
  goto(url: string): Promise<void>;
  /** The value of an expression in the page. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  /** Presses the button of this text. */
  press(text: string): Promise<void>;
}

export interface Firefox {
  readonly profile: string;
  readonly page: FirefoxPage;
  /** Waits until a file of this name is whole among the downloads; its path. */
  saved(name: string): Promise<string>;
  close(): Promise<void>;
}

/** One window with nothing in it; null after a loud skip where Firefox is not installed. */
export async function launchFirefox(
  t: TestContext,
  preferences: Readonly<Record<string, boolean>> = {},
): Promise<Firefox | null> {
  const program = requireTool(t, "firefox-esr");
  if (program === null) return null;
  const profile = temporaryFolder(t);
  const downloads = join(profile, "downloads");
  mkdirSync(downloads);
  const all = { ...PREFERENCES, "browser.download.dir": downloads, ...preferences };
  const lines = Object.entries(all).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  const args = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, HOME: profile } });
  const gone = once(child, "exit");
  const close = async (): Promise<void> => {
    child.kill();
    await gone;
  };
  atEnd(t, close);
  const session = await Session.open(await addressOf(child.stderr));
  const page = await openPage(session);
  return { profile, page, saved: (name) => waitForFile(downloads, name), close };
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(line) ?? [];
    if (address === undefined) continue;
    stderr.resume();
    return address;
  }
  throw new Error("Firefox ended before it listened.");
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const answer = JSON.parse((data as Buffer).toString()) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  static async open(address: string): Promise<Session> {
    const socket = new WebSocket(`${address}/session`);
    await once(socket, "open");
    const session = new Session(socket);
    await session.call("session.new", { capabilities: {} });
    return session;
  }

  async call<T>(method: string, params: object): Promise<T> {
    const id = ++this.#last;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error, message } = await answered;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error}: ${message ?? ""}`);
    return result as T;
  }
}

async function openPage(session: Session): Promise<FirefoxPage> {
  const { context } = await session.call<{ context: string }>("browsingContext.create", { type: "tab" });
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result } = await session.call<{ result: { value: T } }>("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
      userActivation: true,
    });
    return result.value;
  };
  const until = async (expression: string): Promise<void> => {
    for (const endsAt = Date.now() + WAIT_MS; Date.now() < endsAt; await sleep(50))
      if (await evaluate<boolean>(`Boolean(${expression})`)) return;
    throw new Error(
      `Not within a minute: ${expression}; the page says ${await evaluate<string>("document.body.innerText")}`,
    );
  };
  const button = (text: string): string =>
    `[...document.querySelectorAll("button")].find((one) => one.textContent === ${JSON.stringify(text)})`;
  return {
    goto: async (url) => void (await session.call("browsingContext.navigate", { context, url, wait: "complete" })),
    evaluate,
    until,
    async press(text) {
      await until(button(text));
      await evaluate(`${button(text)}.click()`);
    },
  };
}

/** Firefox writes into NAME.part beside an empty NAME, and renames at the end. */
async function waitForFile(folder: string, name: string): Promise<string> {
  for (const endsAt = Date.now() + WAIT_MS; Date.now() < endsAt; await sleep(100)) {
    const isWriting = readdirSync(folder).some((entry) => entry.endsWith(".part"));
    if (!isWriting && existsSync(join(folder, name))) return join(folder, name);
  }
  throw new Error(`No such download: ${name}, but ${readdirSync(folder).join(", ")}`);
}
