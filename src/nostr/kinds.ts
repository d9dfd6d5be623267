/** The kinds of events that we speak, by name. */
export const KIND = {
  /** A request to delete (NIP-09). */
  deletion: 5,
  /** A rumor encrypted and signed by its author; only ever inside a wrap (NIP-59). */
  seal: 13,
  /** A direct message; only ever inside a seal (NIP-17). */
  chat: 14,
  /** Anything encrypted to one recipient under a key used once (NIP-59). */
  wrap: 1059,
  /** Hidden mail: all look alike, and only its recipient knows for whom it is (NEP-12). */
  cell: 4522,
  /** Where its author reads wraps (NIP-17). */
  inboxRelays: 10_050,
  /** How to write to its author with post-quantum protection (NEP-02); of each author relays keep the newest. */
  card: 14_519,
  /** The answer to a relay's challenge; never stored (NIP-42). */
  auth: 22_242,
} as const;
