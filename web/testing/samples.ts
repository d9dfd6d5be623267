/** Contacts, messages and conversations for tests: complete by default, changed where a test needs it. */
import type { Contact, Conversation, Message } from "../../src/api/contract.ts";

export function sampleContact(change: Partial<Contact> = {}): Contact {
  return {
    name: "Alice",
    npub: "npub1alice",
    state: "accepted",
    verified: false,
    safety: null,
    fingerprint: "ABCDE FGHIJ",
    encryption: "hybrid",
    cardChanged: false,
    changedSafety: null,
    invited: true,
    working: false,
    addedAt: "2025-11-01T12:00:00.000Z",
    ...change,
  };
}

/** A message from Alice; its `position` is its order. */
export function sampleMessage(position: number, change: Partial<Message> = {}): Message {
  return {
    id: `m${position}`,
    conversation: "npub1alice",
    kind: "text",
    from: { npub: "npub1alice", name: "Alice" },
    mine: false,
    at: new Date(Date.UTC(2025, 10, 21, 12, position)).toISOString(),
    text: `text ${position}`,
    files: [],
    state: "delivered",
    profile: "hidden",
    editedAt: null,
    deleted: false,
    replyTo: null,
    reactions: [],
    expiresAt: null,
    position,
    ...change,
  };
}

/** The contact's npub is made of the name, so that a test can tell who is meant. */
export function sampleConversation(name: string, change: Partial<Contact> = {}): Conversation {
  const contact = sampleContact({ name, npub: `npub1${name}`, ...change });
  return {
    id: contact.npub,
    kind: "direct",
    name,
    contact,
    last: null,
    unread: 0,
    mutedUntil: null,
    route: null,
    pinned: false,
    archived: false,
    draft: "",
    timerSeconds: null,
    typing: [],
  };
}
