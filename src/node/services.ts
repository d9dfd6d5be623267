/**
 * The composition root: every room made once, each handed what it needs of the rooms below it.
 *
 *     vault - settings - links.db - relay - mesh - files, links - pool - messenger - channels - personas - gate
 *
 * Offline, for a single command without a running node, the same rooms stand on their own: no relay
 * listens, nothing is dialled, and what is on this machine works just the same.
 */
import { join } from "node:path";
import { type Clock, systemClock } from "../core/clock.ts";
import { ROUTE_LIMITS } from "../core/limits.ts";
import { createLogger, type Logger } from "../core/log.ts";
import { parseLink } from "../crypto/link-key.ts";
import { BlobStore } from "../files/blob-store.ts";
import { Bucket } from "../files/bucket/bucket.ts";
import { Mover } from "../files/bucket/mover.ts";
import { FileLibrary } from "../files/library.ts";
import { LinkStore } from "../files/link-store.ts";
import { Links } from "../files/links.ts";
import { Receiver } from "../files/receiver.ts";
import { CoverLaw } from "../messaging/cover/cover-law.ts";
import type { ReadingOptions } from "../messaging/fetch/fetching.ts";
import { Messenger } from "../messaging/messenger.ts";
import { createAuthEvent } from "../nostr/authentication.ts";
import type { RunningRelay } from "../relay/relay-server.ts";
import { routeCarrier } from "../route/carrier.ts";
import { routeFetch } from "../route/route-fetch.ts";
import { RelayPool } from "../route/relay-pool.ts";
import { BLOB_FOLDER } from "../vault/data-directory.ts";
import { openVault, type Vault } from "../vault/vault.ts";
import type { Config } from "./config.ts";
import { ChaffStreams } from "./chaff.ts";
import { outsideRelays, snapshotSource } from "./account-recovery.ts";
import { EventBus } from "./event-bus.ts";
import { ChannelRoom } from "./channel-room.ts";
import { Gate } from "./gate.ts";
import { Mesh, type StartMesh } from "./mesh.ts";
import { Mount } from "./mount.ts";
import { Network } from "./network.ts";
import { Personas } from "./personas.ts";
import { startEmbeddedRelay } from "./relay-port.ts";
import { DEFAULT_COVER, SettingsStore } from "./settings.ts";
import type { NodeEvent, Settings } from "./views.ts";

const SWEEP_MS = 3_600_000; // 1 h

/** After these the account's copy in the mesh is behind. */
const OF_THE_ACCOUNT: ReadonlySet<NodeEvent["event"]> = new Set([
  ...(["message", "message-changed", "message-gone", "conversation", "contacts", "devices"] as const),
  ...(["channel", "channel-post", "channel-gone", "files", "links", "personas", "settings"] as const),
]);

export interface ServiceOptions {
  /** False: no relay, no connections, no messages. */
  readonly online?: boolean;
  readonly clock?: Clock;
  /** Another engine of the mesh, for tests. */
  readonly startMesh?: StartMesh;
}

export interface Services {
  readonly config: Config;
  readonly online: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly vault: Vault;
  readonly settings: SettingsStore;
  readonly files: FileLibrary;
  readonly links: Links;
  readonly mount: Mount;
  /** Files that other people sent. */
  readonly receiver: Receiver;
  readonly blobs: BlobStore;
  /** A second place for them. */
  readonly mesh: Mesh;
  /** Where sealed files go from the disk; null: they stay there. */
  readonly store: { readonly bucket: Bucket; readonly mover: Mover } | null;
  /** How bytes leave. */
  readonly network: Network;
  /** null when it is switched off, and offline. */
  readonly relay: RunningRelay | null;
  readonly pool: RelayPool;
  /** When cells leave. */
  readonly law: CoverLaw;
  readonly chaff: ChaffStreams;
  readonly messenger: Messenger;
  readonly channels: ChannelRoom;
  readonly personas: Personas;
  readonly gate: Gate;
  readonly bus: EventBus;
  /** Where this node serves its pages, such as `http://localhost:8080`; set by the face that does so. */
  readonly place: { origin: string };
  /** Resolved by a face through which somebody asks the node to end. */
  readonly stopRequest: PromiseWithResolvers<void>;
  /** Where this node collects its letters, the embedded relay first; without the settings while locked. */
  readonly ownRelays: () => readonly string[];
  /** Lets everybody who builds on the settings follow the change. */
  readonly changeSettings: (patch: Partial<Settings>) => Settings;
  close(): Promise<void>;
}

/** What is opened one after the other, before the rest is composed of it. */
type Foundation = Pick<Services, "config" | "online" | "clock" | "log" | "vault" | "relay" | "mount"> & {
  readonly linkStore: LinkStore;
  readonly startMesh: StartMesh | undefined;
};

/**
 * Opens everything. Nothing is sent or collected before `gate.begin()`.
 * Throws what `openVault` throws, InternalError `port_in_use`, CodecError `links_corrupt`.
 */
export async function openServices(config: Config, options: ServiceOptions = {}): Promise<Services> {
  const { online = true, clock = systemClock, startMesh } = options;
  const { dataDir, secret } = config;
  const log = createLogger(config.logLevel);
  await using opened = new AsyncDisposableStack();
  const vault = await openVault({ dataDir, clock, log, ...(secret === null ? {} : { secret }) });
  opened.defer(() => vault.close());
  const linkStore = new LinkStore(join(dataDir, "links.db"), clock);
  opened.defer(() => linkStore.close());
  const hasRelay = online && config.embeddedRelay;
  const relay = hasRelay ? await startEmbeddedRelay({ dataDir, port: config.relayPort, clock, log }) : null;
  opened.defer(() => relay?.close());
  const mount = new Mount(vault, clock);
  const services = compose({ config, online, clock, log, vault, relay, linkStore, mount, startMesh }, opened);
  const owned = opened.move();
  return { ...services, close: () => owned.disposeAsync() };
}

function compose(foundation: Foundation, opened: AsyncDisposableStack): Omit<Services, "close"> {
  const { config, vault, relay, clock, log } = foundation;
  const bus = new EventBus(log);
  const settings = new SettingsStore(vault);
  const place = { origin: "http://localhost" };
  const ownRelays = (): string[] => {
    const chosen = vault.locked ? [] : settings.read().relays;
    return [...new Set([...network.relayUrls(), ...config.relays, ...chosen])].slice(0, ROUTE_LIMITS.relays);
  };
  const network = new Network({ config, vault, relay, clock, log, changed: () => bus.emit({ event: "network" }) });
  opened.defer(() => network.close());
  const { routes } = network;
  const stored = createFiles(foundation, { place, bus, network, demandsTor: (id) => demandsTor(messenger, id) });
  const { files, links, receiver, store, mesh } = stored;
  opened.defer(async () => void (await Promise.all([receiver.stop(), store?.mover.close(), mesh.close()])));
  const pool = new RelayPool({ carrier: routeCarrier(routes, "root"), clock, log });
  opened.defer(() => pool.close());
  const authenticate = authenticator(vault, ownRelays, clock);
  const interopPool = new RelayPool({ carrier: routeCarrier(routes, "root-known"), clock, log, authenticate });
  opened.defer(() => interopPool.close());
  const law = new CoverLaw(config.cover ?? DEFAULT_COVER);
  const adoptCover = () => law.change(config.cover ?? settings.read().cover);
  const chaff = new ChaffStreams({ perHour: config.chaff, pool, clock });
  opened.defer(() => chaff.close());
  const messenger = createMessenger(foundation, { network, pool, interopPool, law, links, bus, settings, ownRelays });
  opened.defer(() => messenger.stop());
  const channels = createChannels(foundation, { pool, links, bus, ownRelays });
  opened.defer(() => channels.stop());
  const personas = createPersonas(foundation, { network, law, settings, bus, ownRelays });
  opened.defer(() => personas.stop());
  const gate = new Gate({
    ...foundation,
    pool,
    interopPool,
    messenger,
    channels,
    personas,
    ...stored,
    network,
    bus,
    adoptCover,
  });
  opened.defer(beginSweeping({ vault, links, files, store, mesh, log }));
  attachNetwork(foundation, { network, pool, interopPool, messenger, personas, gate, bus, ownRelays });
  announceChanges({ messenger, files, receiver, links, pool, bus });
  bus.listen(({ event }) => {
    if (OF_THE_ACCOUNT.has(event)) mesh.noteChange();
  });
  return {
    ...foundation,
    settings,
    ...stored,
    network,
    pool,
    law,
    chaff,
    messenger,
    channels,
    personas,
    gate,
    bus,
    place,
    ownRelays,
    stopRequest: Promise.withResolvers<void>(),
    changeSettings: settingsChanger({ settings, personas, messenger, gate, bus }, adoptCover),
  };
}

/** Returns how to end it. */
function beginSweeping(rooms: Pick<Services, "vault" | "links" | "files" | "store" | "mesh" | "log">): () => void {
  const { vault, links, files, store, mesh, log } = rooms;
  const sweeping = setInterval(() => {
    links.sweep();
    if (vault.locked) return;
    store?.mover.wake();
    mesh.wake();
    files.expire().catch((error: Error) => log.warn({ error: error.name }, "what is too old could not be deleted"));
  }, SWEEP_MS);
  links.sweep();
  return () => clearInterval(sweeping);
}

/** What the network has to know of those who dial. */
function attachNetwork(
  { config, online }: Foundation,
  rooms: Pick<Services, "network" | "pool" | "messenger" | "personas" | "gate" | "bus" | "ownRelays"> & {
    readonly interopPool: RelayPool;
  },
): void {
  const { network, pool, interopPool, messenger, personas, gate, bus, ownRelays } = rooms;
  network.attach({
    demanded: () => {
      const own = online ? messenger.demandedRelays() : new Map<string, string[]>();
      return own && new Map([...personas.demandedRelays(), ...own]);
    },
    pools: () => [pool, interopPool, ...personas.pools()],
    ownRelays,
    bucket: config.store?.url ?? null,
    relaysChanged: () => {
      if (!gate.working) return;
      messenger.refreshRelays();
      bus.emit({ event: "relays" });
    },
  });
  bus.listen(({ event }) => {
    if (event === "conversation" || event === "contacts") network.demandsChanged();
  });
}

function announceChanges(rooms: Pick<Services, "messenger" | "files" | "receiver" | "links" | "pool" | "bus">): void {
  const { messenger, files, receiver, links, pool, bus } = rooms;
  messenger.onEvent((event) => bus.emit(event));
  files.onChange(() => bus.emit({ event: "files" }));
  receiver.onChange((file) => bus.emit({ event: "received", file }));
  links.onChange(() => bus.emit({ event: "links" }));
  pool.onStateChange(() => bus.emit({ event: "relays" }));
}

function createFiles(
  { config, vault, clock, log, linkStore, online, startMesh }: Foundation,
  {
    place,
    bus,
    network,
    demandsTor,
  }: Pick<Services, "place" | "bus" | "network"> & {
    /** Of a message, whether its conversation does. */
    readonly demandsTor: (message: string) => boolean;
  },
): Pick<Services, "files" | "links" | "receiver" | "blobs" | "store" | "mesh"> {
  const { routes } = network;
  const bucket = config.store ? new Bucket({ ...config.store, fetch: routeFetch(routes, "bucket") }) : null;
  const blobs = new BlobStore(join(config.dataDir, BLOB_FOLDER), bucket);
  const mesh = new Mesh({
    config,
    vault,
    blobs,
    routes,
    usualWay: () => network.usualWay(),
    changed: () => bus.emit({ event: "mesh" }),
    kept: () => bus.emit({ event: "files" }),
    clock,
    log,
    ...(startMesh ? { start: startMesh } : {}),
  });
  blobs.readFrom(mesh.keeper);
  const library = new FileLibrary({ vault, blobs, linkStore, mesh: mesh.keeper, clock, log });
  const links = new Links({
    vault,
    library,
    store: linkStore,
    blobs,
    clock,
    log,
    baseUrl: () => network.linkOrigin() ?? place.origin,
  });
  const isNamed = (blob: string): boolean | null => (vault.locked ? null : library.tables.isNamed(blob));
  const changed = (): void => bus.emit({ event: "store" });
  const store = bucket && online ? { bucket, mover: new Mover({ bucket, blobs, isNamed, changed, log }) } : null;
  const fetchFor = ({ message, url }: { message: string; url: string }): ReturnType<typeof routeFetch> =>
    routeFetch(routes, `link|${parseLink(url).slug}`, demandsTor(message));
  return {
    files: library,
    links,
    receiver: new Receiver({ vault, library, blobs, fetchFor, clock, log }),
    blobs,
    store,
    mesh,
  };
}

/** Files of a conversation come by the route that it demands. */
function demandsTor(messenger: Messenger, message: string): boolean {
  const { conversation } = messenger.message(message);
  return messenger.conversations().some(({ id, route }) => id === conversation && route === "tor");
}

function settingsChanger(
  rooms: Pick<Services, "settings" | "personas" | "messenger" | "gate" | "bus">,
  adoptCover: () => void,
): Services["changeSettings"] {
  const { settings, personas, messenger, gate, bus } = rooms;
  return (patch) => {
    if (patch.relays) personas.refuseForRoot(patch.relays);
    const changed = settings.change(patch);
    if (gate.working) {
      adoptCover();
      messenger.refreshRelays();
      messenger.devices.noteSettings();
    }
    bus.emit({ event: "settings" });
    return changed;
  };
}

function createMessenger(
  { vault, relay, clock, log }: Foundation,
  parts: Pick<Services, "network" | "pool" | "law" | "links" | "bus" | "settings" | "ownRelays"> & {
    readonly interopPool: RelayPool;
  },
): Messenger {
  const { network, pool, interopPool, law, links, bus, settings, ownRelays } = parts;
  return new Messenger({
    vault,
    pool,
    interopPool,
    law,
    clock,
    log,
    ownRelays,
    embeddedRelay: relay?.url ?? null,
    shareFile: (fileId, audience) => links.shareForMessage(fileId, audience),
    revokeLink: (url) => revokeLink(links, url),
    settings: () => settings.read(),
    reading: readingOptions(settings, network),
    snapshot: snapshotSource(vault, settings, () => outsideRelays({ ownRelays, network })),
    linkTo: (account) => vault.linkTo(account),
    adoptSettings: ({ displayName, readReceipts, typingIndicators, invitedOnly, strangerWork }) => {
      const work = strangerWork === undefined ? {} : { strangerWork };
      settings.change({ displayName, readReceipts, typingIndicators, invitedOnly, ...work });
      bus.emit({ event: "settings" });
    },
  });
}

function createPersonas(
  { vault, relay, clock, log }: Foundation,
  { network, law, settings, bus, ownRelays }: Pick<Services, "network" | "law" | "settings" | "bus" | "ownRelays">,
): Personas {
  return new Personas({
    vault,
    routes: network.routes,
    law,
    clock,
    log,
    // However others reach it, the embedded relay is the root's.
    rootRelays: () => [...ownRelays(), ...(relay ? [relay.url] : [])],
    rootSettings: () => settings.read(),
    reading: readingOptions(settings, network),
    emit: (event) => bus.emit(event),
  });
}

function createChannels(
  { vault, clock, log }: Foundation,
  { pool, links, bus, ownRelays }: Pick<Services, "pool" | "links" | "bus" | "ownRelays">,
): ChannelRoom {
  return new ChannelRoom({
    vault,
    pool,
    clock,
    log,
    ownRelays,
    shareFile: (fileId) => links.shareForMessage(fileId, null),
    revokeLink: (url) => revokeLink(links, url),
    onEvent: (event) => bus.emit(event),
  });
}

/** The embedded relay and others on this machine cost no traffic. */
function readingOptions(settings: SettingsStore, network: Network): ReadingOptions {
  return {
    budgetBytesPerHour: () => settings.read().readingMegabytesPerHour * 1_000_000,
    isFree: (url) => network.isHere(url),
  };
}

/** Ends the link of this URL if it is one of ours that still exists. */
function revokeLink(links: Links, url: string): void {
  const { slug } = parseLink(url);
  if (links.list().some((link) => link.slug === slug)) links.remove(slug);
}

/**
 * We tell a relay who we are only where we collect our own letters. A contact's relay that we merely
 * write to must not learn it: it would know who writes to whom.
 */
function authenticator(vault: Vault, ownRelays: () => readonly string[], clock: Clock) {
  return (relayUrl: string, challenge: string) => {
    if (vault.locked || !ownRelays().includes(relayUrl)) return null;
    const { nostrSecretKey } = vault.identity();
    return createAuthEvent(relayUrl, challenge, nostrSecretKey, Math.floor(clock.nowMs() / 1000));
  };
}
