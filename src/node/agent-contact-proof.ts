/**
 * That a key of the messaging layer belongs to an operator's agent, signed by that key (NEP-34).
 *
 *   proof   BIP-340 signature over the id of the Nostr event
 *             {pubkey: key, created_at: 0, kind: 24534, tags: [["relay", url] ...],
 *              content: "nocturne/agents/contact/v1:" network ":" operator}
 *
 * The kind is an ephemeral one: a relay that was shown the event would keep nothing. It is shown to none.
 */
import { fromHex } from "../core/bytes.ts";
import type { NetworkId, OperatorId } from "../agents/agent-ids.ts";
import type { AgentContact } from "../agents/contacts/contact.ts";
import { createRumor, type EventTemplate, signEvent, verifySignature, verifyId } from "../nostr/event.ts";

type Claim = Pick<AgentContact, "operator" | "relays"> & { readonly network: NetworkId };

const KIND = 24_534;

function templateOf({ network, operator, relays }: Claim): EventTemplate {
  const tags = relays.map((url) => ["relay", url]);
  return { kind: KIND, created_at: 0, tags, content: `nocturne/agents/contact/v1:${network}:${operator}` };
}

/** The contact of the key's owner as this operator's agent. `secretKey` 32 bytes. */
export function proveContact(
  about: { network: NetworkId; operator: OperatorId; relays: readonly string[] },
  secretKey: Uint8Array,
): AgentContact {
  const { pubkey, sig } = signEvent(templateOf(about), secretKey);
  return { operator: about.operator, key: pubkey, relays: about.relays, proof: sig };
}

/** Whether the key itself says so, in this network. Never throws. */
export function isProven(contact: AgentContact, network: NetworkId): boolean {
  const { id, ...fields } = createRumor(templateOf({ ...contact, network }), contact.key);
  const event = verifyId({ id, ...fields, sig: contact.proof });
  return fromHex(contact.key).length === 32 && event !== null && verifySignature(event) !== null;
}
