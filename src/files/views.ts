/** What the file library tells its callers of files and links: plain data, ready for JSON. */

export type CipherSuite = "aes-256-gcm" | "noctis-256";

/** GET /api/files; PUT /api/files?name=N&cipher=C with the raw body and the header `x-nocturne-password` (base64url) */
export interface FileView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  /** `mesh` once the mesh keeps all of its present content; the bytes may be on this disk, too. */
  readonly storage: "local" | "mesh";
  /** How its present content is kept in the mesh; null: it is not to be. */
  readonly mesh: FileInMesh | null;
  readonly hasPassword: boolean;
  /** When its present content came. */
  readonly addedAt: string;
  /** The id of its folder; null at the top. */
  readonly folder: string | null;
  /** From the top, for example "/Plans/2026/garden.pdf". */
  readonly path: string;
  /** Earlier contents that are kept, and what they take beside `bytes`. */
  readonly versions: number;
  readonly versionBytes: number;
  /** How it can be shown; null: only saved. */
  readonly preview: PreviewKind | null;
}

/** A sealed content on its way into the mesh, or there. */
export interface MeshCopyView {
  /** `waiting`: its turn has not come, or nothing could be stored, see `problem`. `sending`: nodes are taking it. */
  readonly state: "waiting" | "sending" | "kept";
  /** Of what was sent, 0 to 1. */
  readonly progress: number;
  /** So many of `total` fragments of each part give it back; null before it is kept. */
  readonly needed: number | null;
  readonly total: number | null;
  /** Nodes that could be lost beside those that are missing now, and it would still be there; null while that is not known. */
  readonly survives: number | null;
  /** Why it waits, in plain words; null when nothing is wrong. */
  readonly problem: string | null;
}

export interface FileInMesh extends MeshCopyView {
  /** Whether its bytes are on this disk or in the operator's bucket, too. */
  readonly here: boolean;
}

export type PreviewKind = "image" | "audio" | "video" | "pdf" | "text";

/** POST /api/folders {name, folder?} */
export interface FolderView {
  readonly id: string;
  readonly name: string;
  /** The id of the folder that it lies in; null at the top. */
  readonly folder: string | null;
  readonly path: string;
  readonly createdAt: string;
}

/** GET /api/folders?folder=: what lies in one folder, each list by name. */
export interface FolderListing {
  /** The way to this folder, from the top, itself last; empty at the top. */
  readonly crumbs: readonly FolderView[];
  readonly folders: readonly FolderView[];
  readonly files: readonly FileView[];
}

/** GET /api/files/search?q= */
export interface FoundFiles {
  readonly folders: readonly FolderView[];
  readonly files: readonly FileView[];
  /** There are more than these. */
  readonly more: boolean;
}

/** GET /api/files/:id/versions: an earlier content of a file. */
export interface FileVersion {
  readonly id: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  readonly hasPassword: boolean;
  readonly addedAt: string;
}

/** Something deleted that can still come back. */
export interface TrashEntry {
  readonly id: string;
  readonly kind: "file" | "folder";
  readonly name: string;
  /** Where it lay; null if that folder is gone: then it comes back at the top. */
  readonly from: string | null;
  /** What it takes with all that is in it, earlier versions included. */
  readonly bytes: number;
  readonly trashedAt: string;
  readonly deletesAt: string;
}

/** GET /api/trash, latest first. */
export interface TrashView {
  readonly entries: readonly TrashEntry[];
  readonly bytes: number;
}

/** GET /api/files/space: bytes of content, without what sealing adds (0.1 %). */
export interface FileSpace {
  readonly bytes: number;
  readonly versionBytes: number;
  readonly trashBytes: number;
  /** What of all that lies on the disk: less than the sum, where contents are alike, or lie in a bucket or the mesh. */
  readonly diskBytes: number;
  /** What lies in the operator's bucket; 0 without one. */
  readonly bucketBytes: number;
  /** What lies in the mesh and nowhere else. */
  readonly meshBytes: number;
  /** What the disk has left for this program. */
  readonly freeBytes: number;
  /** What lies on the disk of uploads that have not ended. */
  readonly uploadBytes: number;
}

/** POST /api/uploads, GET /api/uploads and /api/uploads/:id, PATCH /api/uploads/:id: a file that comes in several calls. */
export interface UploadView {
  readonly id: string;
  readonly name: string;
  /** Of the whole file. */
  readonly bytes: number;
  /** The byte that is to come next. */
  readonly offset: number;
  /** The id of its folder; null at the top. */
  readonly folder: string | null;
  readonly cipher: CipherSuite;
  readonly hasPassword: boolean;
  /** What the client gave to know its file again. */
  readonly fingerprint: string;
  readonly createdAt: string;
  /** Given up then, unless something comes. */
  readonly expiresAt: string;
  /** What it became, once all bytes were there. */
  readonly file: FileView | null;
}

export type LinkMode = "persistent" | "timed" | "one-time";

/** The URL with its fragment is told once, when the link is made; the node keeps it sealed in the vault. */
export interface LinkView {
  readonly slug: string;
  readonly url: string;
  /** What it gives: a file, or a folder as it was when the link was made. */
  readonly kind: "file" | "folder";
  readonly file: { readonly id: string; readonly name: string };
  readonly mode: LinkMode;
  readonly hasPassword: boolean;
  /** The sender's words that go with it; null without. */
  readonly note: string | null;
  readonly expiresAt: string | null;
  /** Downloads left; null without a bound. */
  readonly left: number | null;
  /** How often it was used so far. */
  readonly downloads: number;
  readonly state: "active" | "used" | "expired";
  readonly createdAt: string;
  /** Of a folder's link. */
  readonly folder: LinkedFolder | null;
  /** The conversation that it was sent in; null for a link that was made by itself. */
  readonly sharedWith: SharedWith | null;
}

export interface LinkedFolder {
  readonly files: number;
  /** Files with a password of their own: they are not in the link. */
  readonly leftOut: number;
  /** Files that were in the link and that you have deleted since. */
  readonly missing: number;
}

export interface SharedWith {
  /** The conversation's id, and what it was called then. */
  readonly conversation: string;
  readonly name: string;
  /** True: it opens with the keys of those who were in the conversation; false: with the link alone. */
  readonly forRecipients: boolean;
}

/** GET /s/:slug/info, for the public download page; `state` is all that a visitor without the key learns. */
export interface LinkInfo {
  readonly state: "active" | "used" | "expired" | "ended" | "unknown";
  readonly needsPassword: boolean;
  /** base64url; Argon2id salt and cost of the link password; null without one. */
  readonly passwordSalt: string | null;
  readonly argon2: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number } | null;
}

/** POST /s/:slug/claim {proof}: counts one use and opens a lease; the proof shows the key without telling it. */
export interface LinkClaim {
  readonly lease: string;
  readonly leaseExpiresAt: string;
  /** base64url: name, size, note and key, sealed under the link's key. */
  readonly sealedManifest: string;
  readonly contentBytes: number;
  /** Of a folder: the numbers, in the order of the listing, of files that are gone. Earlier nodes do not tell it. */
  readonly missing?: readonly number[];
}

/**
 * POST /api/messages/:id/files/:file/save; GET /api/received: a file of a message on its way into this library.
 *
 *   waiting    the sender's node does not answer; tried again at `retryAt`, or at once when it is asked for again
 *   failed     for the reason in `error`; asking for it again begins anew
 *   cancelled  told once, as an event
 */
export interface ReceivedFile {
  /** Ids of the message, and of the file in it. */
  readonly message: string;
  readonly file: string;
  readonly name: string;
  readonly bytes: number;
  readonly done: number;
  readonly state: "fetching" | "waiting" | "saved" | "failed" | "cancelled";
  readonly retryAt: string | null;
  /** Where it is in the library, once it is. */
  readonly savedAs: { readonly id: string; readonly path: string; readonly folder: string | null } | null;
  /** Why it failed or waits. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

/** A file of the library as it travels in a message: by a share link whose fragment is a key to it. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly url: string;
  /** The link alone does not open it. */
  readonly forRecipients?: true;
}
