/**
 * The life of a node: rooms, then a face, then work; and the same backwards.
 *
 *     vault, relay, links  ->  face listens  ->  messages flow (once the vault is open)
 *     stop: face  ->  messages  ->  connections  ->  relay  ->  vault
 *
 * A locked vault starts just as well: relay and public links serve others, the rest waits for the unlock.
 */
import type { Config } from "./config.ts";
import { openServices, type ServiceOptions, type Services } from "./services.ts";
import { readStatus } from "./status.ts";

/** How people and programs reach the node; declared here, made by the API. */
export interface Face {
  readonly port: number;
  /** A URL with a new one-time token that opens the app. */
  launchUrl(): string;
  close(): Promise<void>;
}

export interface RunningNode {
  readonly services: Services;
  /** Opens the app, once and within a minute. */
  readonly url: string;
  /** null while the vault is locked. */
  readonly npub: string | null;
  readonly relayUrl: string | null;
  /** What a person must know now, in plain words. */
  readonly warnings: readonly string[];
  /** Resolves when a face was asked to end the node; its owner then closes it. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

/** Throws what `openServices` throws, and InternalError `port_in_use`. */
export async function startNode(
  config: Config,
  openFace: (services: Services) => Promise<Face>,
  options: Omit<ServiceOptions, "online"> = {},
): Promise<RunningNode> {
  await using opened = new AsyncDisposableStack();
  const services = await openServices(config, options);
  opened.defer(() => services.close());
  const face = await openFace(services);
  opened.defer(() => face.close());
  services.gate.begin();
  followChaff(services);
  const { npub, warnings } = readStatus(services);
  const owned = opened.move();
  return {
    services,
    url: face.launchUrl(),
    npub: npub ?? null,
    relayUrl: services.relay?.url ?? null,
    warnings,
    stopped: services.stopRequest.promise,
    close: () => owned.disposeAsync(),
  };
}

/** Lock and settings change which relays are known to be ours. */
function followChaff({ bus, chaff, ownRelays }: Services): void {
  chaff.follow(ownRelays());
  bus.listen(({ event }) => {
    if (event === "settings" || event === "locked" || event === "unlocked") chaff.follow(ownRelays());
  });
}
