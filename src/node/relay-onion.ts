/**
 * A relay that runs alone as an onion service. It has no vault, so its key lies beside its store: who can read that file
 * can take over the address, and learns nothing of what passed.
 */
import { join } from "node:path";
import type { Logger } from "../core/log.ts";
import { readClientLine } from "../route/tor/client-authorization.ts";
import { type OnionHandle, OnionServices } from "../route/tor/onion-services.ts";
import type { Tor } from "../route/tor/tor.ts";
import type { RunningRelay } from "../relay/relay-server.ts";
import { readOrCreateSeed } from "./seed-file.ts";

export interface RelayOnionOptions {
  readonly relay: RunningRelay;
  readonly tor: Tor;
  readonly dataDir: string;
  /** Lines of those who may come, as `nocturne route key` gives them; none: everybody. */
  readonly clients: readonly string[];
  readonly log: Logger;
  /** Its state changed, or something happened to it: in plain words. */
  readonly tell: (text: string) => void;
}

const PORT = 80;
const DAMAGED_HINT = "Put the right file back; or remove it, and the relay gets a new address.";

/** Begins to publish it, and does not wait. Throws CodecError `onion_key_corrupt`, ValidationError `bad_onion_client`. */
export async function publishRelay({
  relay,
  tor,
  dataDir,
  clients,
  log,
  tell,
}: RelayOnionOptions): Promise<OnionHandle> {
  const seed = readOrCreateSeed(join(dataDir, "relay", "onion.key"), "onion_key_corrupt", DAMAGED_HINT);
  const changed = (): void => {
    if (handle.state() === "up") tell(`The relay is reached at ws://${handle.host}`);
  };
  const services = new OnionServices({ tor, log, changed, tell });
  const allowed = clients.length === 0 ? {} : { clients: clients.map(readClientLine) };
  const handle = services.publish({ seed, port: PORT, localPort: await relay.backDoor(), ...allowed });
  relay.knownAs([`ws://${handle.host}`]);
  return { ...handle, close: () => services.close() };
}
