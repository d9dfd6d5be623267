/** What the file library tells its callers of files and links: plain data, ready for JSON. */

export type CipherSuite = "aes-256-gcm" | "noctis-256";

/** GET /api/files; PUT /api/files?name=N&cipher=C with the raw body and the header `x-nocturne-password` (base64url) */
export interface FileView {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly cipher: CipherSuite;
  readonly storage: "local" | "mesh";
  readonly hasPassword: boolean;
  readonly addedAt: string;
}

export type LinkMode = "persistent" | "timed" | "one-time";

/** The URL with its fragment is told once, when the link is made; the node keeps it sealed in the vault. */
export interface LinkView {
  readonly slug: string;
  readonly url: string;
  readonly file: { readonly id: string; readonly name: string };
  readonly mode: LinkMode;
  readonly hasPassword: boolean;
  readonly expiresAt: string | null;
  /** Downloads left; null without a bound. */
  readonly left: number | null;
  readonly state: "active" | "used" | "expired";
  readonly createdAt: string;
}

/** GET /s/:slug/info, for the public download page; `state` is all that a visitor without the key learns. */
export interface LinkInfo {
  readonly state: "active" | "used" | "expired" | "unknown";
  readonly needsPassword: boolean;
  /** base64url; Argon2id salt and cost of the link password; null without one. */
  readonly passwordSalt: string | null;
  readonly argon2: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number } | null;
}

/** POST /s/:slug/claim {proof}: counts one use and opens a lease; the proof shows the key without telling it. */
export interface LinkClaim {
  readonly lease: string;
  readonly leaseExpiresAt: string;
  /** base64url: file name, size and file key, sealed under the link's key. */
  readonly sealedManifest: string;
  readonly contentBytes: number;
}

/** A file of the library as it travels in a message: by a share link whose fragment is the key. */
export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly url: string;
}
