/**
 * Brings the group book in step with the head of a session, and says in the conversation what changed: who came, who
 * went, another name, other admins. Runs inside the transaction that stores the head.
 */

import type { Rooms } from "./composer.ts";
import type { Effects } from "./effects.ts";
import type { GroupRow } from "./group-book.ts";
import { createLetterId } from "./letter-id.ts";
import type { Notice } from "./message-store.ts";
import { headOf, type Session, sessionAdmins, sessionInfo, sessionMembers } from "./session/session.ts";
import type { Identity } from "../vault/identity.ts";

export interface FollowOptions extends Rooms {
  readonly identity: Identity;
  readonly clock: { nowMs(): number };
}

/** `by`: account of whoever committed. */
export function followSession(o: FollowOptions, session: Session, by: string, effects: Effects): void {
  const row = o.groups.get(session.id);
  if (!row) return;
  const info = sessionInfo(session);
  const members = sessionMembers(session).map(({ account, device }) => ({ account, device }));
  const isIn = info !== null && headOf(session).state !== null;
  const next: GroupRow = {
    ...row,
    name: info?.name ?? row.name,
    admins: info ? sessionAdmins(session) : row.admins,
    members: isIn ? members : row.members,
    joined: row.joined && isIn,
    farewells: row.farewells.filter(({ account }) => members.some((member) => member.account === account)),
  };
  for (const notice of noticesOf(row, next, isIn, o.identity.publicKey)) {
    const author = notice.what === "left" && notice.self ? notice.account : by;
    addNotice(o, row.id, author, notice, effects);
  }
  o.groups.put(next);
  settle(o, row, next, effects);
  if (next.name !== row.name) o.conversations.update(row.id, { name: next.name });
  effects.conversations.add(row.id);
}

/** A line in the conversation; call inside a transaction. */
export function addNotice(o: FollowOptions, group: string, author: string, notice: Notice, effects: Effects): void {
  const message = o.messages.add({
    id: createLetterId(),
    conversation: group,
    author,
    mine: author === o.identity.publicKey,
    atMs: o.clock.nowMs(),
    text: "",
    files: [],
    state: "read",
    profile: "hidden",
    notice,
  });
  effects.shown.push(message);
}

/** Who is no member any more need not have a message for it to have arrived. */
function settle(o: FollowOptions, before: GroupRow, after: GroupRow, effects: Effects): void {
  const isIn = (device: string) => after.members.some((member) => member.device === device);
  const waiting = before.members.flatMap(({ device }) => (isIn(device) ? [] : o.outbox.window(device)));
  for (const id of new Set(waiting.map((row) => row.id))) {
    const message = o.messages.get(id);
    const isOpen = message?.mine && (message.state === "queued" || message.state === "sent");
    if (!isOpen || message.conversation !== after.id || o.outbox.rowsOf(id).some(({ to }) => isIn(to))) continue;
    o.messages.setState(message, "delivered");
    effects.progressed.push({ id, conversation: after.id, state: "delivered" });
  }
}

function noticesOf(before: GroupRow, after: GroupRow, isIn: boolean, own: string): Notice[] {
  if (!isIn) return before.joined ? [{ what: "left", account: own, self: false }] : [];
  const [old, now] = [before, after].map(({ members }) => new Set(members.map(({ account }) => account)));
  const said = new Set(before.farewells.map(({ account }) => account));
  const admins = (row: GroupRow) => new Set(row.admins);
  return [
    ...[...(now ?? [])]
      .filter((account) => !old?.has(account))
      .map((account) => ({ what: "joined" as const, account })),
    ...[...(old ?? [])]
      .filter((account) => !now?.has(account))
      .map((account) => ({ what: "left" as const, account, self: said.has(account) })),
    ...(before.name === after.name ? [] : [{ what: "named" as const, name: after.name }]),
    ...[...admins(after)]
      .filter((account) => !admins(before).has(account))
      .map((account) => ({ what: "admin" as const, account, on: true })),
    ...[...admins(before)]
      .filter((account) => !admins(after).has(account) && now?.has(account))
      .map((account) => ({ what: "admin" as const, account, on: false })),
  ];
}
