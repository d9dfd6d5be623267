/**
 * What leads into a network of agents, as a file of one line:
 *
 *   {"version": 1, "genesis": hex, "networkKey": hex or null, "bootstrap": [address ...],
 *    "machine": {"deviceKey": hex, "certificate": hex} or null}
 *
 * With a machine in it, it is for one other machine of the same operator, once: two with one device key would write two histories, and
 * both be put out for it. Without one it is for other people, who then need endorsements.
 */
import * as v from "valibot";
import { fromHex, toHex } from "../core/bytes.ts";
import { CodecError } from "../core/errors.ts";
import { readGenesis } from "../agents/trust/genesis.ts";

export interface AgentInvitation {
  readonly genesis: Uint8Array;
  /** 32 bytes, of a private network of machines; null for none. */
  readonly networkKey: Uint8Array | null;
  readonly bootstrap: readonly string[];
  readonly machine: InvitedMachine | null;
}

export interface InvitedMachine {
  /** Seed of 32 bytes. */
  readonly deviceKey: Uint8Array;
  readonly certificate: Uint8Array;
}

const VERSION = 1;
const MOST_ADDRESSES = 64;

const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/), v.transform(fromHex));
const key = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.transform(fromHex));
const schema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    version: v.literal(VERSION),
    genesis: v.pipe(
      hex,
      v.check((bytes) => readGenesis(bytes) !== null),
    ),
    networkKey: v.nullable(key),
    bootstrap: v.pipe(v.array(v.string()), v.maxLength(MOST_ADDRESSES)),
    machine: v.nullable(v.object({ deviceKey: key, certificate: hex })),
  }),
);

export function encodeInvitation({ genesis, networkKey, bootstrap, machine }: AgentInvitation): string {
  const invited = machine && { deviceKey: toHex(machine.deviceKey), certificate: toHex(machine.certificate) };
  const place = { genesis: toHex(genesis), networkKey: networkKey && toHex(networkKey), bootstrap };
  return `${JSON.stringify({ version: VERSION, ...place, machine: invited })}\n`;
}

/** Throws CodecError `agent_invitation` for whatever is none. */
export function readInvitation(text: string): AgentInvitation {
  const { success, output } = v.safeParse(schema, text);
  if (success) {
    const { version: _, ...invitation } = output;
    return invitation;
  }
  throw new CodecError("agent_invitation", "This is no invitation to a network of agents.", {
    hint: "Get the file again as it was made with: nocturne-agent invite",
  });
}
