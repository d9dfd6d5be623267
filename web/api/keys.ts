/** Names of what is cached. `who` is a conversation's id. */
export const keys = {
  status: ["status"],
  identity: ["identity"],
  devices: ["devices"],
  personas: ["personas"],
  settings: ["settings"],
  contacts: ["contacts"],
  couriers: ["couriers"],
  conversations: ["conversations"],
  allMessages: ["messages"],
  /** All that is cached of a conversation's messages, wherever one is in it. */
  messagesOf: (who: string): readonly string[] => ["messages", who],
  /** `at`: the position that was jumped to; null for the conversation as it opens, at its newest. */
  messages: (who: string, at: number | null): readonly string[] => ["messages", who, at === null ? "newest" : `${at}`],
  search: (words: string, who: string | null): readonly string[] => ["search", who ?? "", words],
  groups: ["group"],
  group: (id: string): readonly string[] => ["group", id],
  channels: ["channels"],
  /** `id` is a channel's. */
  postsOf: (id: string): readonly string[] => ["posts", id],
  channelLink: (id: string): readonly string[] => ["channel-link", id],
  files: ["files"],
  folders: ["folder"],
  /** `id` "" is the top. */
  folder: (id: string): readonly string[] => ["folder", id],
  foundFiles: ["found-files"],
  versions: ["versions"],
  uploads: ["uploads"],
  trash: ["trash"],
  space: ["space"],
  thumbnails: ["thumbnail"],
  links: ["links"],
  mount: ["mount"],
  invite: ["invite"],
  offeredRelays: ["offered-relays"],
  workCosts: ["work-costs"],
  recovery: ["recovery"],
} as const;
