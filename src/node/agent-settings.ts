/**
 * What an agent was set up with and how it was last started, in `agent.json` (0600): so a start without options goes as the one before.
 *
 *   {"genesis": hex, "networkKey": hex of 32 bytes or null, "bootstrap": [address ...], "host", "port", "apiPort", "lan", "computes", "relays": [url ...]}
 */
import * as v from "valibot";
import { fromHex, toHex, utf8Decode, utf8Encode } from "../core/bytes.ts";
import { CodecError, ValidationError } from "../core/errors.ts";
import { type Genesis, readGenesis } from "../agents/trust/genesis.ts";
import { readFileIfPresent, writeFileDurably } from "../vault/durable-file.ts";

export interface AgentSettings {
  readonly genesis: Uint8Array;
  /** 32 bytes, of a private network of machines; null for none. */
  readonly networkKey: Uint8Array | null;
  /** Addresses of agents to begin with. */
  readonly bootstrap: readonly string[];
  /** Where other agents reach it; port 0: any. */
  readonly host: string;
  readonly port: number;
  /** Of the local API. */
  readonly apiPort: number;
  /** Whether it looks for others in the local network, and shows itself there. */
  readonly lan: boolean;
  /** Whether it runs jobs of others. */
  readonly computes: boolean;
  /** At which it collects messages; without one it sends and takes none. */
  readonly relays: readonly string[];
}

/** As an agent starts if nothing was said. */
export const USUAL_START: Omit<AgentSettings, "genesis" | "networkKey" | "bootstrap"> = {
  host: "0.0.0.0",
  port: 9_090,
  apiPort: 9_091,
  lan: true,
  computes: false,
  relays: [],
};

const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/), v.transform(fromHex));
const networkKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(fromHex));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const schema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    genesis: hex,
    networkKey: v.nullable(networkKey),
    bootstrap: v.array(v.string()),
    host: v.string(),
    port,
    apiPort: port,
    lan: v.boolean(),
    computes: v.boolean(),
    relays: v.array(v.string()),
  }),
);

/** Throws ValidationError `agent_missing` where none was set up, CodecError `agent_settings_corrupt`. */
export function readAgentSettings(path: string): AgentSettings {
  const bytes = readFileIfPresent(path);
  if (!bytes) throw agentMissing();
  const { success, output } = v.safeParse(schema, utf8Decode(bytes));
  if (!success) throw settingsCorrupt(path);
  return output;
}

export function writeAgentSettings(path: string, settings: AgentSettings): void {
  const { genesis, networkKey, ...rest } = settings;
  const text = JSON.stringify({ genesis: toHex(genesis), networkKey: networkKey && toHex(networkKey), ...rest });
  writeFileDurably(path, utf8Encode(`${text}\n`));
}

/** Throws CodecError `agent_settings_corrupt`. */
export function genesisIn({ genesis }: AgentSettings, path: string): Genesis {
  const read = readGenesis(genesis);
  if (!read) throw settingsCorrupt(path);
  return read;
}

export function agentMissing(): ValidationError {
  return new ValidationError("agent_missing", "No agent was set up in this data directory.", {
    hint: "Set one up with: nocturne-agent setup --label NAME - or choose another folder with --data-dir.",
  });
}

function settingsCorrupt(path: string): CodecError {
  return new CodecError("agent_settings_corrupt", `${path} does not hold the settings of an agent.`, {
    hint: "Put the right file back.",
  });
}
