/**
 * What the three parts of the download page say to each other. Types only, no code.
 *
 *     page  -- ToEngine -->  engine (a worker: network, keys, decryption)
 *           <- FromEngine -
 *     engine -- ToSink -->   sink (the service worker that streams to disk, or the page's collector)
 *            <- FromSink --  one "pull" for one "chunk": a slow disk slows the network down
 */
import type { LinkClaim, LinkInfo } from "../../src/api/contract.ts";

/** Every way in which a download can end without the file; the words for each are in words.ts. */
export type Problem =
  | "incomplete-link"
  | "wrong-link"
  | "for-recipients"
  | "unknown"
  | "expired"
  | "ended"
  | "used"
  | "wrong-password"
  | "too-many-tries"
  | "busy"
  | "unreachable"
  /** Nobody knows whether the use was taken. */
  | "claim-lost"
  | "damaged"
  | "gone"
  | "interrupted"
  | "lease-over"
  | "stopped"
  | "too-big";

/** What a person asks for by pressing the button. */
export interface LinkRequest {
  readonly slug: string;
  /** What stands behind the #. */
  readonly secret: string;
  readonly info: LinkInfo;
  /** Empty when the link has none. */
  readonly password: string;
  /** A use that an earlier load of the page has claimed already; null to claim one. */
  readonly claim: LinkClaim | null;
}

/** What the link turns out to give. */
export interface Opened {
  readonly name: string;
  /** Of the file; of a folder the length of the zip with all its files. */
  readonly bytes: number;
  /** Empty for none. */
  readonly note: string;
  /** Of a folder; null for one file. */
  readonly files: readonly OfferedFile[] | null;
}

export interface OfferedFile {
  readonly path: string;
  readonly bytes: number;
  /** The sender has deleted it since. */
  readonly gone: boolean;
}

export type ToEngine =
  | { readonly type: "open"; readonly request: LinkRequest }
  /** `pick`: the number of one file of a folder; null for all, and for a link of one file. */
  | { readonly type: "save"; readonly sink: MessagePort; readonly pick: number | null }
  | { readonly type: "continue" };

export type FromEngine =
  | { readonly type: "claimed"; readonly claim: LinkClaim }
  | { readonly type: "opened"; readonly opened: Opened }
  | { readonly type: "progress"; readonly bytes: number }
  | { readonly type: "alive" }
  | { readonly type: "interrupted" }
  /** The file of a folder with this number cannot be had any more. */
  | { readonly type: "gone"; readonly index: number }
  /** The sink has taken the whole file or zip. */
  | { readonly type: "saved" }
  | { readonly type: "ended"; readonly problem: Problem };

/** The sink releases a chunk at once; the engine therefore sends authenticated bytes only. */
export type ToSink =
  | { readonly type: "chunk"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "alive" }
  | { readonly type: "end" };

export type FromSink = { readonly type: "pull" } | { readonly type: "cancel" };

/** From the page to the service worker; "save" carries the sink's end of the engine's channel and one for SaveState. */
export type ToServiceWorker =
  | { readonly type: "save"; readonly path: string; readonly name: string; readonly bytes: number }
  | { readonly type: "abort"; readonly path: string }
  | { readonly type: "ping" };

/** From the service worker to the page: it knows of the download; the browser has asked for it. */
export type SaveState = "ready" | "started";
