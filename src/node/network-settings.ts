/**
 * What the person chose for routes, in one sealed value of the vault, and the keys of what this node serves.
 *
 * Once read it is remembered while the vault is locked: what was hidden stays hidden. Before it was read nothing is known,
 * and nothing may leave.
 */
import { fromBase64Url, toBase64Url } from "../core/bytes.ts";
import { randomBytes } from "../core/random.ts";
import type { Way } from "../route/policy.ts";
import { i2pHost } from "../route/i2p/destination.ts";
import { onionHost } from "../route/tor/onion-key.ts";
import type { Vault } from "../vault/vault.ts";
import type { BridgeKind } from "./network-views.ts";

export type ServiceName = "relay" | "links";

/** By which network a service is reached. */
export type Hiding = "onion" | "i2p";

export interface NetworkSettings {
  readonly usual: Way;
  /** By place, `host:port`. */
  readonly relays: Readonly<Record<string, Way>>;
  readonly bridges: { readonly kind: BridgeKind; readonly lines: readonly string[] };
  readonly onion: Readonly<Record<ServiceName, boolean>>;
  readonly i2p: boolean;
}

const DEFAULTS: NetworkSettings = {
  usual: "direct",
  relays: {},
  bridges: { kind: "none", lines: [] },
  onion: { relay: false, links: false },
  i2p: false,
};

const META_KEY = "network/v1";
const KEYS_META_KEY = "network-keys/v1";
const SEED_BYTES = 32;
const VISIT = "visit ";

const HOST_OF: Readonly<Record<Hiding, (seed: Uint8Array) => string>> = { onion: onionHost, i2p: i2pHost };

type Keys = Readonly<Record<string, string>>;

export class NetworkSettingsStore {
  readonly #vault: Vault;
  #known: NetworkSettings | null = null;
  readonly #hosts = new Map<string, string>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** null: the vault has been locked since the start, so that nobody knows what may leave. */
  read(): NetworkSettings | null {
    if (!this.#vault.locked) this.#known ??= this.#stored();
    return this.#known;
  }

  /** Throws LockedError. */
  change(patch: Partial<NetworkSettings>): NetworkSettings {
    const next = { ...this.#stored(), ...patch };
    this.#vault.writeMeta(META_KEY, next);
    this.#known = next;
    return next;
  }

  /** Ed25519 seed of 32 bytes of a service's address, made when it is first asked for. Throws LockedError. */
  seed(hiding: Hiding, service: ServiceName): Uint8Array {
    const name = `${hiding}-${service}`;
    return fromBase64Url(this.#key(name) ?? this.#keep(name, toBase64Url(randomBytes(SEED_BYTES))));
  }

  /** The address of a service; null before it was asked for with an open vault. */
  host(hiding: Hiding, service: ServiceName): string | null {
    const name = `${hiding}-${service}`;
    const known = this.#hosts.get(name);
    if (known !== undefined || this.#vault.locked) return known ?? null;
    const host = HOST_OF[hiding](this.seed(hiding, service));
    this.#hosts.set(name, host);
    return host;
  }

  /** Secret of 32 bytes with which an onion service that not everybody reaches is visited, made when it is first asked for. Throws LockedError. */
  visitorSecret(host: string): Uint8Array {
    const name = VISIT + host;
    return fromBase64Url(this.#key(name) ?? this.#keep(name, toBase64Url(randomBytes(SEED_BYTES))));
  }

  /** Hosts for which there is such a secret; none while the vault is locked. */
  visited(): string[] {
    const keys = this.#vault.locked ? null : this.#vault.readMeta<Keys>(KEYS_META_KEY);
    return Object.keys(keys ?? {}).flatMap((name) => (name.startsWith(VISIT) ? [name.slice(VISIT.length)] : []));
  }

  #key(name: string): string | null {
    return this.#vault.readMeta<Keys>(KEYS_META_KEY)?.[name] ?? null;
  }

  #keep(name: string, key: string): string {
    this.#vault.writeMeta(KEYS_META_KEY, { ...this.#vault.readMeta<Keys>(KEYS_META_KEY), [name]: key });
    return key;
  }

  #stored(): NetworkSettings {
    return { ...DEFAULTS, ...this.#vault.readMeta<Partial<NetworkSettings>>(META_KEY) };
  }
}
