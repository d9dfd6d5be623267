/**
 * Private browsing: windows, each a throwaway browser behind a proxy of its own.
 *
 *   window = profile + proxy + epoch            each site in it: circuits of its own
 *   newIdentity: the browser ends, profile and epoch go, a fresh one opens in the window's place
 */
import process from "node:process";
import { toHex } from "../core/bytes.ts";
import { PolicyError, UsageError, ValidationError } from "../core/errors.ts";
import { randomBytes } from "../core/random.ts";
import { BROWSE_LIMITS } from "../core/route-limits.ts";
import { BrowseProxy, type BrowseProxyOptions } from "../route/browse/browse-proxy.ts";
import { judge, refused } from "../route/browse/port-policy.ts";
import { routeMissing } from "../route/errors.ts";
import { targetOf } from "../route/policy.ts";
import type { RouteProblem } from "../route/route.ts";
import { removeOrphans } from "./browser-profile.ts";
import { browserMissing, findBrowser } from "./browser-program.ts";
import type { BrowseWindowView, CircuitView } from "./network-views.ts";
import { PrivateBrowser } from "./private-browser.ts";

export interface BrowsingOptions {
  readonly routeOf: BrowseProxyOptions["routeOf"];
  /** The circuit of the streams with that label; null while there is none. */
  readonly circuits: (label: string) => Promise<CircuitView | null>;
  /** For browsers, as `Config` has it: also where they are, and on which display they are shown. */
  readonly environment: Readonly<Record<string, string>>;
  /** Windows were opened or closed, or reached another site. */
  readonly changed: () => void;
}

interface Window {
  readonly id: string;
  readonly openedAt: string;
  proxy: BrowseProxy;
  browser: PrivateBrowser;
  /** Its browser ends because another one takes its place. */
  changing: boolean;
  /** Ends when all that was asked of this window so far is done. */
  work: Promise<unknown>;
}

const ID_BYTES = 8;

export class Browsing {
  readonly #options: BrowsingOptions;
  readonly #windows = new Map<string, Window>();
  #opening = 0;

  constructor(options: BrowsingOptions) {
    this.#options = options;
  }

  /** Removes what a crash left of earlier windows. Call it when the node begins to work, and before a first window. */
  sweep(): void {
    removeOrphans();
  }

  /** Why no window can be opened here; null when one can. */
  get problem(): RouteProblem | null {
    const { environment } = this.#options;
    if (this.#program() === null) return browserMissing(process.platform);
    const hasDisplay = Boolean(environment["DISPLAY"] || environment["WAYLAND_DISPLAY"]);
    return process.platform === "linux" && !hasDisplay ? NO_DISPLAY : null;
  }

  /** What a person should know before windows are opened; null when there is nothing. */
  get warning(): string | null {
    return isRoot() ? "Nocturne runs as root, so the browser runs without its own sandbox. Use another user." : null;
  }

  /**
   * Opens a window, at an http or https address or with an empty page. Throws PolicyError `browser_missing`,
   * `no_display`, `route_missing` or of a refused address, ValidationError `too_many_windows`, UsageError `bad_address`,
   * InternalError `browser_failed`.
   */
  async open(url: string | null = null): Promise<BrowseWindowView> {
    if (url !== null) checkAddress(url);
    if (this.#windows.size + this.#opening >= BROWSE_LIMITS.windows) throw tooMany();
    this.#opening++;
    try {
      const id = toHex(randomBytes(ID_BYTES));
      const openedAt = new Date().toISOString();
      const window = { id, openedAt, changing: false, work: Promise.resolve(), ...(await this.#launch(id, url)) };
      this.#windows.set(id, window);
      this.#watch(window);
      return await this.#view(window);
    } finally {
      this.#opening--;
    }
  }

  /** Nothing of the window's past is left: cookies, caches, circuits. Throws ValidationError `no_such_window`, as `open`. */
  async newIdentity(id: string): Promise<BrowseWindowView> {
    const window = await this.#inTurn(id, async (window) => {
      window.changing = true;
      await this.#end(window);
      try {
        Object.assign(window, await this.#launch(id, null), { changing: false });
        this.#watch(window);
      } catch (error) {
        this.#windows.delete(id);
        throw error;
      }
    });
    return this.#view(window);
  }

  /** Throws ValidationError `no_such_window`. */
  async close(id: string): Promise<void> {
    await this.#inTurn(id, async (window) => {
      this.#windows.delete(id);
      await this.#end(window);
    });
  }

  windows(): Promise<BrowseWindowView[]> {
    return Promise.all([...this.#windows.values()].map((window) => this.#view(window)));
  }

  /** Closes all windows. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#windows.keys()].map((id) => this.close(id)));
  }

  #program(): string | null {
    return findBrowser(process.platform, this.#options.environment["PATH"] ?? "");
  }

  /** With the path that each site took, the newest site first; one that cannot be told now is not shown. */
  async #view({ id, openedAt, proxy }: Window): Promise<BrowseWindowView> {
    const sites = proxy.sites().map(async ({ site, label }) => {
      return { site, circuit: await this.#options.circuits(label).catch(() => null) };
    });
    return { id, openedAt, port: proxy.port, sites: await Promise.all(sites) };
  }

  async #launch(window: string, url: string | null): Promise<Pick<Window, "proxy" | "browser">> {
    const { routeOf, environment, changed } = this.#options;
    const program = this.#program();
    const { problem } = this;
    if (program === null || problem !== null) throw asError(problem ?? browserMissing(process.platform));
    const route = routeOf("web");
    const health = route?.health();
    if (health?.state === "missing" && health.problem) throw routeMissing(health.problem);
    route?.start();
    const epoch = toHex(randomBytes(ID_BYTES));
    const admission = { kind: "own-user" } as const;
    const proxy = await BrowseProxy.listen({ window, epoch, routeOf, admission, reached: changed });
    try {
      const start = { port: proxy.port, url, asRoot: isRoot() };
      return { proxy, browser: await PrivateBrowser.launch({ program, environment, ...start }) };
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  /** A browser that its user closed takes the window along. */
  #watch(window: Window): void {
    const { browser, proxy } = window;
    this.#options.changed();
    void browser.ended.then(() => {
      if (!window.changing) this.#windows.delete(window.id);
      this.#options.changed();
      return proxy.close();
    });
  }

  async #end({ browser, proxy }: Window): Promise<void> {
    await proxy.close(); // first: nothing more of the old identity leaves
    await browser.close();
  }

  async #inTurn(id: string, work: (window: Window) => Promise<void>): Promise<Window> {
    const window = this.#windows.get(id);
    if (!window) throw noSuchWindow();
    const done = window.work.then(() => {
      if (!this.#windows.has(id)) throw noSuchWindow(); // closed meanwhile
      return work(window);
    });
    window.work = done.catch(() => {});
    await done;
    return window;
  }
}

const NO_DISPLAY: RouteProblem = {
  code: "no_display",
  message: "There is no screen here on which a browser could show a window.",
  hint: "Run Nocturne in a desktop session, or use the proxy from another program: nocturne browse",
};

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** A window is not opened only to show that its address is refused. */
function checkAddress(url: string): void {
  const target = /^https?:/i.test(url) ? targetOf(url) : null;
  if (target === null) {
    throw new UsageError("bad_address", "This is not the address of a page.", {
      hint: "Use one that begins with https:// or http://.",
    });
  }
  const { refusal } = judge(target.host, target.port);
  if (refusal !== null) throw refused(refusal);
}

function asError({ code, message, hint }: RouteProblem): PolicyError {
  return new PolicyError(code, message, { hint });
}

function tooMany(): ValidationError {
  return new ValidationError("too_many_windows", `No more than ${BROWSE_LIMITS.windows} private windows can be open.`, {
    hint: "Close one first.",
  });
}

function noSuchWindow(): ValidationError {
  return new ValidationError("no_such_window", "This private window is not open any more.", {
    hint: "Open a new one.",
  });
}
