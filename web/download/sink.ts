/**
 * Where the opened bytes go: straight to disk through the service worker, or, where the browser has none
 * (private windows, untrusted certificates), into a Blob that is saved at the end, for small files only.
 *
 * Both take the same messages through a MessagePort (see messages.ts), so the engine does not know the difference.
 */
import { DOWNLOAD_LIMITS } from "../../src/core/limits.ts";
import { element } from "./elements.ts";
import type { FromSink, SaveState, ToServiceWorker, ToSink } from "./messages.ts";
import { SERVICE_WORKER_URL, scriptUrl } from "./trusted.ts";

export interface Sink {
  /** The end of the channel that the engine writes to. */
  readonly port: MessagePort;
  /** To be called at every sign of life of the engine. */
  keepAlive(): void;
  /** Ends the download as failed. Harmless after its end. */
  abort(): void;
}

let registration: ServiceWorkerRegistration | null = null;

/** Prepares streaming to disk. Resolves to false where the browser cannot: then only small files can be saved. */
export async function prepareStreaming(): Promise<boolean> {
  try {
    const options = { scope: "/s/", updateViaCache: "none" } as const;
    const made = await navigator.serviceWorker.register(scriptUrl(SERVICE_WORKER_URL), options);
    if (!made.active) await activation(made.installing ?? made.waiting);
    registration = made;
  } catch {
    registration = null;
  }
  return registration !== null;
}

/** Waits for a worker that may fail to start, which `navigator.serviceWorker.ready` would never tell. */
function activation(worker: ServiceWorker | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      if (worker?.state === "activated") resolve();
      else if (!worker || worker.state === "redundant") reject(new Error("The service worker did not start."));
    };
    worker?.addEventListener("statechange", check);
    check();
  });
}

/** A place for `bytes` bytes under the name `name`; null when this browser has none that large. */
export async function openSink(slug: string, name: string, bytes: number): Promise<Sink | null> {
  const worker = registration?.active;
  const stream = worker ? await openStream(worker, `/s/${slug}/save/${crypto.randomUUID()}`, name, bytes) : null;
  if (stream) return stream;
  return bytes <= DOWNLOAD_LIMITS.collectedBytes ? openCollector(name) : null;
}

/** Null when the browser does not hand the download to the service worker in time. */
async function openStream(worker: ServiceWorker, path: string, name: string, bytes: number): Promise<Sink | null> {
  const tell = (message: ToServiceWorker, ports: MessagePort[] = []): void => worker.postMessage(message, ports);
  const data = new MessageChannel();
  const control = new MessageChannel();
  tell({ type: "save", path, name, bytes }, [data.port2, control.port2]);
  const ready = await heard(control.port1, "ready");
  // A navigation that is answered with an attachment leaves the page in place, and needs no frame in its policy.
  if (ready) location.assign(path);
  if (!ready || !(await heard(control.port1, "started"))) {
    tell({ type: "abort", path });
    return null;
  }
  return { port: data.port1, keepAlive: () => tell({ type: "ping" }), abort: () => tell({ type: "abort", path }) };
}

function heard(port: MessagePort, state: SaveState): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), DOWNLOAD_LIMITS.startMs);
    port.addEventListener("message", (event) => {
      if (event.data !== state) return;
      clearTimeout(timer);
      resolve(true);
    });
    port.start();
  });
}

/** Keeps the chunks as Blobs, which browsers may move to disk, and saves the file after its authenticated end. */
function openCollector(name: string): Sink {
  const { port1, port2 } = new MessageChannel();
  const pull = (): void => port2.postMessage({ type: "pull" } satisfies FromSink, []);
  const parts: Blob[] = [];
  port2.addEventListener("message", (event) => {
    const message = event.data as ToSink;
    if (message.type === "chunk") {
      parts.push(new Blob([message.bytes]));
      pull();
    } else if (message.type === "end") {
      saveBlob(new Blob(parts, { type: "application/octet-stream" }), name);
    }
  });
  port2.start();
  pull();
  return { port: port1, keepAlive: () => {}, abort: () => port2.close() };
}

function saveBlob(file: Blob, name: string): void {
  element("a", { href: URL.createObjectURL(file), download: name }).click();
  // The address is not revoked: the browser reads the Blob some time after the click. It ends with the page.
}
