/**
 * The body of an upload: asked for when it is wanted, and read to its end when it is not.
 *
 *   client: Expect: 100-continue   node: 100, reads     or: 4xx at once, and the body is never sent
 *   client: sends at once          node: reads          or: reads on and drops it, then 4xx
 *
 * Most clients send all of a body before they look for the answer. A node that answered and closed would look to them as
 * if it had crashed.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type DropBounds, dropRest } from "../body.ts";
import { DAV_ROOT } from "./dav-path.ts";

/** Whether the mount itself decides when this request may go on; everywhere else it may at once. */
export function waitsForMount({ method, url = "" }: IncomingMessage): boolean {
  return method === "PUT" && url.startsWith(`${DAV_ROOT}/`);
}

export class UploadBody {
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  #isAwaited: boolean;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#isAwaited = waitsForMount(incoming) && /^100-continue$/i.test(incoming.headers.expect?.trim() ?? "");
  }

  /** Its pieces as they come. What stops reading early leaves the connection whole. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#isAwaited) this.#outgoing.writeContinue();
    this.#isAwaited = false;
    yield* this.#incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  }

  /** Drops what is left of it. False: nothing may follow on this connection. */
  async drain(bounds: DropBounds): Promise<boolean> {
    return !this.#isAwaited && dropRest(this.#incoming, bounds);
  }
}
