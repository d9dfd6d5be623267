/** One attempt to get what the link gives: an engine (worker) that claims and decrypts, and the sinks it writes to. */
import { keepClaim, keptClaim } from "./address.ts";
import type { FromEngine, LinkRequest, Opened, Problem, ToEngine } from "./messages.ts";
import { openSink, type Sink } from "./sink.ts";
import { ENGINE_URL, scriptUrl } from "./trusted.ts";

export interface AttemptEvents {
  /** The link gave up what it holds; `save` may be called. */
  opened(opened: Opened): void;
  progress(bytes: number): void;
  /** The connection broke and silent retries did not help; `goOn` tries again. */
  interrupted(): void;
  /** The whole file, or zip, is saved; of a folder more may be. */
  saved(): void;
  ended(problem: Problem): void;
}

export interface Attempt {
  /** Saves one file of a folder, or with null all there is, as `bytes` bytes under `name`. */
  readonly save: (pick: number | null, name: string, bytes: number) => Promise<void>;
  readonly goOn: () => void;
  readonly stop: () => void;
  /** Everything that was wanted is saved. */
  readonly finish: () => void;
}

export function startAttempt(request: LinkRequest, events: AttemptEvents): Attempt {
  const engine = new Worker(scriptUrl(ENGINE_URL));
  const tell = (message: ToEngine, transfer: Transferable[] = []): void => engine.postMessage(message, transfer);
  let sink: Sink | null = null;

  const close = (): void => {
    removeEventListener("pagehide", abandon);
    removeEventListener("beforeunload", warn);
    engine.terminate();
  };
  const end = (problem: Problem): void => {
    close();
    sink?.abort();
    if (problem === "lease-over") keepClaim(null);
    events.ended(problem);
  };
  const abandon = (): void => end("stopped");

  const save = async (pick: number | null, name: string, bytes: number): Promise<void> => {
    sink = await openSink(request.slug, name, bytes);
    if (!sink) return end("too-big");
    // Only now: the navigation that begins the download must not raise the question.
    addEventListener("beforeunload", warn);
    tell({ type: "save", sink: sink.port, pick }, [sink.port]);
  };
  const saved = (): void => {
    removeEventListener("beforeunload", warn);
    sink = null;
    events.saved();
  };

  engine.addEventListener("error", () => end("unreachable"));
  engine.addEventListener("message", (event) => {
    const message = event.data as FromEngine;
    if (message.type === "claimed") keepClaim({ claim: message.claim, info: request.info });
    else if (message.type === "opened") events.opened(message.opened);
    else if (message.type === "progress") events.progress(message.bytes);
    else if (message.type === "alive") sink?.keepAlive();
    else if (message.type === "interrupted") events.interrupted();
    else if (message.type === "gone") rememberGone(message.index);
    else if (message.type === "saved") saved();
    else end(message.problem);
  });
  addEventListener("pagehide", abandon);
  tell({ type: "open", request });
  const finish = (): void => {
    close();
    keepClaim(null);
  };
  return { save, goOn: () => tell({ type: "continue" }), stop: abandon, finish };
}

/** The next attempt must not ask for this file again. */
function rememberGone(index: number): void {
  const kept = keptClaim();
  if (kept) keepClaim({ ...kept, claim: { ...kept.claim, missing: [...(kept.claim.missing ?? []), index] } });
}

/** Asks before a tab with a running download is closed. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
