/** The node's side of an upload, in the place of the browser's XMLHttpRequest and fetch. */
import type { TestContext } from "node:test";
import { BroadcastChannel } from "node:worker_threads";
import type { UploadView } from "../../src/api/contract.ts";

/** Of the session's store. A browser ends them with the tab; in Node an open one keeps the process from ending. */
const channels: BroadcastChannel[] = [];
const kept = class extends BroadcastChannel {
  constructor(name: string) {
    super(name);
    channels.push(this);
  }
};
Object.assign(globalThis, { BroadcastChannel: kept });

/** What becomes of one call with bytes: they are taken, some of them before it breaks, none of them, or it is refused. */
export type Fate = "taken" | "broken" | "idle" | "refused";

export interface NodeOfUploads {
  /** How many calls with bytes there were. */
  sent: number;
  offset: number;
}

/** A node that holds one upload of `bytes`; `fate` is asked at each call with bytes, from 1 on. */
export function fakeNode(t: TestContext, bytes: number, fate: (call: number) => Fate): NodeOfUploads {
  const node = { sent: 0, offset: 0 };
  const view = (): UploadView => {
    const file = node.offset === bytes ? { id: "file", name: "a", bytes } : null;
    return { id: "one", bytes, offset: node.offset, file } as UploadView;
  };
  class Request {
    readonly #listeners = new Map<string, () => void>();
    readonly upload = { addEventListener: (): void => {} };
    status = 0;
    responseText = "";
    open(): void {}
    setRequestHeader(): void {}
    abort(): void {}
    addEventListener(name: string, listener: () => void): void {
      this.#listeners.set(name, listener);
    }
    send(body: Blob): void {
      const what = fate(++node.sent);
      if (what === "taken") node.offset += body.size;
      if (what === "broken") node.offset += Math.ceil(body.size / 10);
      this.status = what === "refused" ? 500 : 200;
      this.responseText = what === "refused" ? "" : JSON.stringify(view());
      setImmediate(() => this.#listeners.get(what === "broken" ? "error" : "load")?.());
    }
  }
  const answer = async (): Promise<Response> => Response.json(view());
  t.mock.method(globalThis, "fetch", answer);
  const browser = globalThis as { XMLHttpRequest?: unknown };
  browser.XMLHttpRequest = Request;
  t.after(() => {
    delete browser.XMLHttpRequest;
    for (const channel of channels) channel.unref();
  });
  return node;
}
