/**
 * The embedded relay on a port that stays: an invite carries its address, so the port that was taken
 * at the first start is remembered in `<dataDir>/relay/port` and never changed unasked.
 *
 *     --relay-port N  or else  the remembered one     that port or an error
 *     neither                                         7447, or else any free one
 */
import { join } from "node:path";
import { utf8Decode, utf8Encode } from "../core/bytes.ts";
import type { Clock } from "../core/clock.ts";
import { InternalError, toNocturneError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { type RunningRelay, startRelay } from "../relay/relay-server.ts";
import { readFileIfPresent, writeFileDurably } from "../vault/durable-file.ts";

/** Usual among relays that people run at home. */
const USUAL_PORT = 7447;

export interface EmbeddedRelayOptions {
  readonly dataDir: string;
  /** null: the remembered port, or the usual one. */
  readonly port: number | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Throws InternalError `port_in_use`, naming the port and the flag. */
export async function startEmbeddedRelay(options: EmbeddedRelayOptions): Promise<RunningRelay> {
  const file = join(options.dataDir, "relay", "port");
  const wanted = options.port ?? readPort(file);
  const relay = await startOn(wanted ?? USUAL_PORT, options).catch((error: unknown) => {
    if (!isPortInUse(error)) throw error;
    if (wanted !== null) throw portInUse(wanted, error);
    return startOn(0, options);
  });
  if (relay.port !== readPort(file)) writeFileDurably(file, utf8Encode(`${relay.port}\n`));
  return relay;
}

function startOn(port: number, { dataDir, clock, log }: EmbeddedRelayOptions): Promise<RunningRelay> {
  return startRelay({ host: "127.0.0.1", port, dataDir, clock, log, name: "Nocturne" });
}

function readPort(file: string): number | null {
  const bytes = readFileIfPresent(file);
  const port = bytes && /^\d{1,5}\n?$/.test(utf8Decode(bytes)) ? Number(utf8Decode(bytes)) : 0;
  return port > 0 && port <= 65_535 ? port : null;
}

function isPortInUse(error: unknown): boolean {
  return toNocturneError(error).code === "port_in_use";
}

function portInUse(port: number, cause: unknown): InternalError {
  return new InternalError("port_in_use", `Another program already uses port ${port}, where your relay is to listen.`, {
    hint: "Stop the other program, or choose another port with --relay-port; then make new invites.",
    cause,
  });
}
