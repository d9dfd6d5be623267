/** Who and what there is in the agent mesh: 64 hex digits each, which must not be mixed. See docs/agents.md. */

/** An Ed25519 public key that signs papers: a person's or an organisation's. */
export type OperatorId = string & { readonly __brand: "OperatorId" };
/** An Ed25519 public key that signs a log: of one running agent. */
export type DeviceId = string & { readonly __brand: "DeviceId" };
/** The hash of a genesis. */
export type NetworkId = string & { readonly __brand: "NetworkId" };
/** The hash of an entry's statement. */
export type EntryId = string & { readonly __brand: "EntryId" };
/** What is voted on: an entry. */
export type SubjectId = EntryId;
