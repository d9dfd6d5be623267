/**
 * A node's word that it keeps so much for an owner, until then: what a voucher covers is not a stranger's.
 *
 *   voucher   version 1 | node 32 | owner 32 | bytes u64 | until u64, ms | signature 64        145 bytes
 *
 * Numbers are big-endian. The signature (Ed25519, by the node) is over "nocturne/voucher/v1" and everything before it.
 * It is of use to its owner at its node alone, and so no secret. Specified in NEP-24.
 */
import { concatBytes, utf8Encode } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";
import { ByteReader, isCount, u64 } from "../byte-reader.ts";
import { type NodeId, nodeIdOf, type OwnerId, ownerIdOf, publicKeyOf } from "../node-id.ts";

export interface Voucher {
  readonly node: NodeId;
  readonly owner: OwnerId;
  /** Of the node's disk, all together. */
  readonly bytes: number;
  readonly untilMs: number;
}

const VOUCHER_BYTES = 145;

const VERSION = 1;
const DOMAIN = utf8Encode("nocturne/voucher/v1");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** 145 bytes. Throws UsageError `voucher` for numbers that are none. */
export function signVoucher({ owner, bytes, untilMs }: Omit<Voucher, "node">, node: SignatureKeyPair): Uint8Array {
  if (!isCount(bytes) || !isCount(untilMs)) throw new UsageError("voucher", "A voucher cannot hold this.");
  const said = concatBytes(Uint8Array.of(VERSION), node.publicKey, publicKeyOf(owner), u64(bytes), u64(untilMs));
  return concatBytes(said, ed25519.sign(concatBytes(DOMAIN, said), node.secretKey));
}

/** Null for whatever is none: another version or length, a wrong signature, or one that ended at or before `nowMs`. Never throws. */
export function readVoucher(voucher: Uint8Array, nowMs: number): Voucher | null {
  if (voucher.length !== VOUCHER_BYTES || voucher[0] !== VERSION) return null;
  const said = voucher.subarray(0, VOUCHER_BYTES - SIGNATURE_BYTES);
  const reader = new ByteReader(said.subarray(1));
  const [node, owner] = [reader.take(KEY_BYTES), reader.take(KEY_BYTES)];
  const [bytes, untilMs] = [reader.u64(), reader.u64()];
  if (!node || !owner || bytes === null || untilMs === null || untilMs <= nowMs) return null;
  if (!ed25519.verify(concatBytes(DOMAIN, said), voucher.slice(said.length), node)) return null;
  return { node: nodeIdOf(node), owner: ownerIdOf(owner), bytes, untilMs };
}
