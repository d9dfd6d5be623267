/** One attempt to get the file: an engine (worker) that claims and decrypts, and the sink that it writes to. */
import { keepClaim } from "./address.ts";
import type { FromEngine, LinkRequest, Problem, ToEngine } from "./messages.ts";
import { openSink, type Sink } from "./sink.ts";
import { ENGINE_URL, scriptUrl } from "./trusted.ts";

export interface AttemptEvents {
  /** The link gave up its file's name and size; saving begins. */
  opened(name: string, bytes: number): void;
  progress(bytes: number): void;
  /** The connection broke and silent retries did not help; `goOn` tries again. */
  interrupted(): void;
  /** The end: null when the whole file is saved. */
  ended(problem: Problem | null): void;
}

export interface Attempt {
  readonly goOn: () => void;
  readonly stop: () => void;
}

export function startAttempt(request: LinkRequest, events: AttemptEvents): Attempt {
  const engine = new Worker(scriptUrl(ENGINE_URL));
  const tell = (message: ToEngine, transfer: Transferable[] = []): void => engine.postMessage(message, transfer);
  let sink: Sink | null = null;

  const end = (problem: Problem | null): void => {
    removeEventListener("pagehide", abandon);
    removeEventListener("beforeunload", warn);
    engine.terminate();
    if (problem !== null) sink?.abort();
    if (problem === null || problem === "lease-over") keepClaim(null);
    events.ended(problem);
  };
  const abandon = (): void => end("stopped");

  const save = async (name: string, bytes: number): Promise<void> => {
    events.opened(name, bytes);
    sink = await openSink(request.link.slug, name, bytes);
    if (!sink) return end("too-big");
    // Only now: the navigation that begins the download must not raise the question.
    addEventListener("beforeunload", warn);
    tell({ type: "save", sink: sink.port }, [sink.port]);
  };

  engine.addEventListener("error", () => end("unreachable"));
  engine.addEventListener("message", (event) => {
    const message = event.data as FromEngine;
    if (message.type === "claimed") keepClaim({ claim: message.claim, info: request.info });
    else if (message.type === "opened") void save(message.name, message.bytes);
    else if (message.type === "progress") events.progress(message.bytes);
    else if (message.type === "alive") sink?.keepAlive();
    else if (message.type === "interrupted") events.interrupted();
    else end(message.problem);
  });
  addEventListener("pagehide", abandon);
  tell({ type: "open", request });
  return { goOn: () => tell({ type: "continue" }), stop: abandon };
}

/** Asks before a tab with a running download is closed. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
