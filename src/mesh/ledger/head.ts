/** A signer's word about its own ledger: how long it is, and the root over all entries. See `tree-statement.ts`. */
import { toHex, utf8Encode } from "../../core/bytes.ts";
import type { SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader } from "../byte-reader.ts";
import { readStatement, signStatement, type TreeStatement } from "./tree-statement.ts";

/** Leaves are the entries' hashes. */
export type SignedHead = TreeStatement & { readonly __brand: "SignedHead" };

/** What a head says before its signature was checked. */
export interface HeadClaim {
  /** 64 hex digits. */
  readonly signer: string;
  readonly size: number;
  /** 64 hex digits. */
  readonly root: string;
}

const DOMAIN = utf8Encode("nocturne/ledger/head/v1");

/** Throws UsageError `ledger_head` for a root or a number that is none. */
export function signHead(about: Pick<TreeStatement, "size" | "root" | "madeAtMs">, by: SignatureKeyPair): SignedHead {
  return signStatement(DOMAIN, about, by) as SignedHead;
}

/** Of 145 bytes; null for whatever is no head. Never throws. */
export function readHead(bytes: Uint8Array): SignedHead | null {
  return readStatement(DOMAIN, bytes) as SignedHead | null;
}

/** A look that costs nothing, to leave out what is known or of nobody: null for what cannot be a head. */
export function claimOf(bytes: Uint8Array): HeadClaim | null {
  const reader = new ByteReader(bytes);
  const [, signer, size, root] = [reader.u8(), reader.take(32), reader.u64(), reader.take(32)];
  return signer && size && root ? { signer: toHex(signer), size, root: toHex(root) } : null;
}
