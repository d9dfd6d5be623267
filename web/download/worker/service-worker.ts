/**
 * The service worker of the download page: gives a browser download the bytes that the engine decrypts.
 *
 *     page: "save" path, name, size + channel  ->  this worker remembers it, answers "ready"
 *     page navigates to the path               ->  attachment with a streamed body; the page stays in place
 *     disk is ready for more -> pull -> engine -> chunk -> disk
 *
 * It answers those paths and nothing else, keeps nothing, and caches nothing. A download that does not reach its
 * last byte always ends in a stream error, so that the browser marks it as failed instead of complete.
 */
/// <reference lib="webworker" />
import { DOWNLOAD_LIMITS } from "../../../src/core/limits.ts";
import type { FromSink, SaveState, ToServiceWorker, ToSink } from "../messages.ts";

declare const self: ServiceWorkerGlobalScope;

interface Save {
  readonly name: string;
  readonly bytes: number;
  readonly port: MessagePort;
  readonly control: MessagePort;
}

const waiting = new Map<string, Save>();
const running = new Map<string, () => void>();

self.addEventListener("install", () => void self.skipWaiting());

self.addEventListener("message", (event) => {
  const message = event.data as ToServiceWorker;
  if (message.type === "save") {
    const [port, control] = event.ports as [MessagePort, MessagePort];
    waiting.set(message.path, { name: message.name, bytes: message.bytes, port, control });
    control.postMessage("ready" satisfies SaveState, []);
  } else if (message.type === "abort") {
    waiting.delete(message.path);
    running.get(message.path)?.();
  }
  // "ping" needs no answer: receiving it keeps this worker alive while the disk or the network is slow.
});

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  const save = waiting.get(path);
  if (!save) return;
  waiting.delete(path);
  save.control.postMessage("started" satisfies SaveState, []);
  const { body, finished } = bodyOf(save, path);
  event.waitUntil(finished);
  event.respondWith(new Response(body, { headers: attachmentHeaders(save) }));
});

/** The body of one download, and a promise that resolves when it has ended in whatever way. */
function bodyOf(save: Save, path: string): { body: ReadableStream<Uint8Array>; finished: Promise<void> } {
  const { promise: finished, resolve } = Promise.withResolvers<void>();
  const tell = (message: FromSink): void => save.port.postMessage(message, []);
  let left = save.bytes;
  let quietTicks = 0;
  let watchdog: ReturnType<typeof setInterval> | undefined;
  const close = (): void => {
    clearInterval(watchdog);
    running.delete(path);
    save.port.close();
    resolve();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (): void => {
          controller.error(new Error("The download did not reach its end."));
          close();
        };
        running.set(path, fail);
        // Ticks, not time: after the machine slept, one late tick must not look like a minute of silence.
        watchdog = setInterval(() => {
          if (++quietTicks > DOWNLOAD_LIMITS.quietTicks) fail();
        }, DOWNLOAD_LIMITS.tickMs);
        save.port.addEventListener("message", (event) => {
          const message = event.data as ToSink;
          quietTicks = 0;
          if (message.type === "chunk") {
            left -= message.bytes.length;
            if (left < 0) return fail(); // the browser would cut it to the promised length and call it complete
            controller.enqueue(message.bytes);
          } else if (message.type === "end" && left === 0) {
            controller.close();
            close();
          } else if (message.type !== "alive") {
            fail();
          }
        });
        save.port.start();
      },
      pull: () => tell({ type: "pull" }),
      cancel() {
        tell({ type: "cancel" });
        close();
      },
    },
    { highWaterMark: 1 },
  );
  return { body, finished };
}

/** A download and never a page: whatever the file holds, the browser must not run it in this origin. */
function attachmentHeaders(save: Save): HeadersInit {
  const name = encodeURIComponent(save.name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`, // RFC 5987 attr-char is narrower
  );
  return {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${name}`,
    "content-length": String(save.bytes),
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
  };
}
