/** Names of what is cached. Everything under `conversation` belongs to one contact's npub. */
export const keys = {
  status: ["status"],
  identity: ["identity"],
  settings: ["settings"],
  contacts: ["contacts"],
  conversations: ["conversations"],
  allMessages: ["messages"],
  messages: (npub: string): readonly string[] => ["messages", npub],
  files: ["files"],
  links: ["links"],
  invite: ["invite"],
  offeredRelays: ["offered-relays"],
  recovery: ["recovery"],
} as const;
