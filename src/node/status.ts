/** How the node is, in one answer: health first, and what a person must know in plain words. */
import { readCover } from "./cover-view.ts";
import { readReading } from "./reading-view.ts";
import { isLoopbackRelay } from "./relay-url.ts";
import type { Services } from "./services.ts";
import type { RelayState, RouteState, Status } from "./views.ts";
import { VERSION } from "./version.ts";

const ONLY_THIS_MACHINE =
  "Only programs on this machine can reach you: your relay listens here alone and you use no other. " +
  "To write with people elsewhere, choose a relay under settings, then make a new invite.";
const NO_PASSPHRASE =
  "Your vault has no passphrase: whoever can read your disk can read everything in it. Choose a passphrase in the settings.";
const TOO_DEAR =
  "Reading your relays costs more than you allow, even in the cheapest way. Nothing is left out; allow more in the settings, or leave a relay.";
const BUCKET_NOT_SET =
  "Files lie in a bucket, and this node was started without one: they cannot be read. Start it with NOCTURNE_STORE and NOCTURNE_STORE_KEY. See: nocturne doctor";
const NOT_WRITTEN_DOWN =
  "Your recovery key is not written down: if this machine is lost, so is everything in it. Show it: nocturne recovery show - then: nocturne recovery confirm";

export function readStatus(services: Services): Status {
  const { vault, relay } = services;
  const locked = vault.locked;
  const reachable = services.ownRelays().every(isLoopbackRelay) ? "this-machine" : "relays";
  return {
    running: true,
    version: VERSION,
    ...(locked ? {} : { npub: vault.identity().npub }),
    relays: relayStates(services),
    routes: [directRoute(services), ...hiddenRoutes(services)],
    ...(services.gate.working ? services.messenger.counts() : { outbox: 0, requests: 0, unread: 0, refused: 0 }),
    cover: readCover(services),
    reading: readReading(services),
    chaff: services.chaff.view(),
    courier: courierInUse(services),
    store: storeView(services),
    mesh: { peers: services.mesh.peers() },
    locked,
    protection: vault.protection,
    embeddedRelay: relay?.url ?? null,
    reachable,
    warnings: locked ? [] : warnings(services, reachable),
  };
}

function warnings(services: Services, reachable: Status["reachable"]): string[] {
  const missing = services.gate.working ? services.messenger.cardsMissing() : 0;
  const failing = relayStates(services).filter(({ state }) => state === "waiting").length;
  const courier = courierInUse(services);
  const store = storeView(services);
  const mesh = services.mesh.problem();
  const stuck = services.network.health().filter(({ problem, state }) => problem !== null && state !== "up");
  return [
    ...stuck.flatMap(({ problem }) => (problem ? [`${problem.message} ${problem.hint}`] : [])),
    ...(courier?.why ? [`Your mail waits for ${courier.name}: ${courier.why} See: nocturne courier list`] : []),
    ...(store?.problem
      ? [`Files wait on this disk to go into their bucket: ${store.problem} See: nocturne doctor`]
      : []),
    ...(mesh ? [`The storage mesh cannot be used now: ${mesh.message} See: nocturne mesh status`] : []),
    ...(services.blobs.lacksBucket() ? [BUCKET_NOT_SET] : []),
    ...(reachable === "this-machine" ? [ONLY_THIS_MACHINE] : []),
    ...(failing > 0 ? [`${failing} of your relays cannot be reached now; Nocturne keeps trying.`] : []),
    ...(readReading(services).fits ? [] : [TOO_DEAR]),
    ...(missing > 0 ? [cardsMissing(missing)] : []),
    ...(services.vault.protection === "key-file" ? [NO_PASSPHRASE] : []),
    ...(services.settings.read().recoveryConfirmed ? [] : [NOT_WRITTEN_DOWN]),
  ];
}

function storeView({ store }: Services): Status["store"] {
  if (!store) return null;
  const { waiting, problem } = store.mover.view();
  return { place: store.bucket.place, waiting, problem: problem?.message ?? null };
}

function courierInUse({ gate, messenger }: Services): Status["courier"] {
  return gate.working ? messenger.couriers.view().using : null;
}

function cardsMissing(count: number): string {
  const whose = count === 1 ? "The card of a person whom" : `The cards of ${count} people whom`;
  return `${whose} you added by key could not be found yet, so nothing is sent there. Nocturne keeps looking; an invite link brings the card along.`;
}

/** Our own relays, the embedded one first; a contact's relay that is only written to is not listed. */
function relayStates({ pool, network, ownRelays }: Services): RelayState[] {
  const known = new Map(pool.states().map((state) => [state.url, state]));
  return ownRelays().map((url) => {
    const state = known.get(url) ?? { url, state: "closed" as const, latencyMs: null };
    return network.relayUrls().includes(url) ? { ...state, embedded: true } : state;
  });
}

function hiddenRoutes({ network }: Services): RouteState[] {
  return network
    .health()
    .flatMap(({ name, state, loss, latencyMs, progress }) =>
      name === "direct" ? [] : [{ name, state, loss, latencyMs, progress }],
    );
}

function directRoute(services: Services): RouteState {
  const states = relayStates(services);
  const connected = states.filter(({ state }) => state === "connected");
  const latencies = connected.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs]));
  return {
    name: "direct",
    state: connected.length > 0 ? "up" : "down",
    loss: states.length === 0 ? 0 : 1 - connected.length / states.length,
    latencyMs: latencies.length === 0 ? null : Math.min(...latencies),
    progress: null,
  };
}
