/** What the person chose for the storage mesh, and the key of this machine's node, in sealed values of the vault. */
import { fromBase64Url, fromHex, toBase64Url } from "../core/bytes.ts";
import { UsageError, ValidationError } from "../core/errors.ts";
import { MESH_LIMITS } from "../core/mesh-limits.ts";
import { randomBytes } from "../core/random.ts";
import { readVoucher, type Voucher } from "../mesh/exchange/voucher.ts";
import type { OwnerId } from "../mesh/node-id.ts";
import type { Vault } from "../vault/vault.ts";
import type { MeshSettings, MeshShare } from "./mesh-views.ts";

const DEFAULTS: MeshSettings = { on: false, bootstrap: [], lan: true, share: null };
const META_KEY = "mesh/v1";
const KEY_META_KEY = "mesh-node-key/v1";
const VOUCHERS_META_KEY = "mesh-vouchers/v1";
const NETWORK_KEY_META_KEY = "mesh-network-key/v1";
const NETWORK_KEY = /^[0-9a-f]{64}$/;
const SEED_BYTES = 32;

export class MeshSettingsStore {
  readonly #vault: Pick<Vault, "readMeta" | "writeMeta">;

  constructor(vault: Pick<Vault, "readMeta" | "writeMeta">) {
    this.#vault = vault;
  }

  /** Throws LockedError. */
  read(): MeshSettings {
    return { ...DEFAULTS, ...this.#vault.readMeta<Partial<MeshSettings>>(META_KEY) };
  }

  /** Throws UsageError `too_many_addresses`, ValidationError `bad_mesh_share`; LockedError. */
  change(patch: Partial<MeshSettings>): MeshSettings {
    const next = { ...this.read(), ...patch };
    if (next.bootstrap.length > MESH_LIMITS.bootstrapAddresses) throw tooManyAddresses();
    checkShare(next.share);
    this.#vault.writeMeta(META_KEY, next);
    return next;
  }

  /** Ed25519 seed of 32 bytes of this machine's node, made when it is first asked for. The caller wipes it. */
  nodeSeed(): Uint8Array {
    const known = this.#vault.readMeta<string>(KEY_META_KEY);
    if (known) return fromBase64Url(known);
    const seed = randomBytes(SEED_BYTES);
    this.#vault.writeMeta(KEY_META_KEY, toBase64Url(seed));
    return seed;
  }

  /** Another machine is that node. */
  forgetNode(): void {
    this.#vault.writeMeta(KEY_META_KEY, "");
  }

  /** 32 bytes; null: the mesh of everybody. */
  networkKey(): Uint8Array | null {
    const text = this.#vault.readMeta<string>(NETWORK_KEY_META_KEY);
    return text ? fromHex(text) : null;
  }

  /** 64 hex digits. Throws ValidationError `bad_network_key`. */
  setNetworkKey(hex: string | null): void {
    if (hex !== null && !NETWORK_KEY.test(hex)) {
      throw new ValidationError("bad_network_key", "This is no key of a private network: it must be 64 hex digits.", {
        hint: "Every node of that network has the same file.",
      });
    }
    this.#vault.writeMeta(NETWORK_KEY_META_KEY, hex ?? "");
  }

  /** Those that have not ended, with their bytes; one a node. */
  vouchers(nowMs: number): { readonly voucher: Voucher; readonly bytes: Uint8Array }[] {
    const texts = this.#vault.readMeta<readonly string[]>(VOUCHERS_META_KEY) ?? [];
    return texts.flatMap((text) => {
      const bytes = fromBase64Url(text);
      const voucher = readVoucher(bytes, nowMs);
      return voucher ? [{ voucher, bytes }] : [];
    });
  }

  /** In the place of an earlier one of that node. Throws ValidationError `bad_voucher`, `too_many_vouchers`. */
  addVoucher(text: string, owner: OwnerId, nowMs: number): Voucher {
    const bytes = decodeOrNull(text);
    const voucher = bytes && readVoucher(bytes, nowMs);
    if (!bytes || !voucher) throw badVoucher("This is no voucher, or it has ended.");
    if (voucher.owner !== owner) throw badVoucher("This voucher was made for somebody else.");
    const others = this.vouchers(nowMs).filter((one) => one.voucher.node !== voucher.node);
    if (others.length >= MESH_LIMITS.vouchers) {
      throw new ValidationError("too_many_vouchers", `There are vouchers of ${MESH_LIMITS.vouchers} nodes already.`, {
        hint: "Wait until some of them end.",
      });
    }
    this.#vault.writeMeta(VOUCHERS_META_KEY, [...others.map((one) => toBase64Url(one.bytes)), toBase64Url(bytes)]);
    return voucher;
  }
}

function decodeOrNull(text: string): Uint8Array | null {
  try {
    return fromBase64Url(text.trim());
  } catch {
    return null;
  }
}

function checkShare(share: MeshShare | null): void {
  if (share === null) return;
  const isSize = Number.isSafeInteger(share.maxBytes) && share.maxBytes >= MESH_LIMITS.leastStorageBytes;
  if (isSize && Number.isInteger(share.port) && share.port >= 0 && share.port <= 65_535) return;
  throw new ValidationError("bad_mesh_share", "This machine cannot be a node so.", {
    hint: `Share at least ${MESH_LIMITS.leastStorageBytes} bytes of the disk, on a port from 0 to 65535.`,
  });
}

function tooManyAddresses(): UsageError {
  return new UsageError(
    "too_many_addresses",
    `At most ${MESH_LIMITS.bootstrapAddresses} addresses are kept to begin with.`,
    {
      hint: "Give a few; other nodes are found from there.",
    },
  );
}

function badVoucher(message: string): ValidationError {
  return new ValidationError("bad_voucher", message, {
    hint: "Give the operator your owner name, which nocturne mesh status tells, and take the voucher as it comes.",
  });
}
