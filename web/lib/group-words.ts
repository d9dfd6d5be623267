/** What is said of groups in several places, and who of them is meant. */
import type { Contact, Group, GroupMember } from "../../src/api/contract.ts";
import { countOf } from "./format.ts";

export const NEW_MEMBERS_READ = "Whoever comes reads what is written from then on, nothing of before.";
export const MEMBERS_SEE =
  "Everybody in a group sees who else is in it, by npub, and at which relays they collect their messages.";

/** Those of one standing, oneself first, then by name. */
export function membersIn(group: Group, state: GroupMember["state"]): GroupMember[] {
  const some = group.members.filter((member) => member.state === state);
  return some.sort((a, b) => Number(b.me) - Number(a.me) || a.name.localeCompare(b.name));
}

/** One line below the name: "5 members, 1 asked". */
export function groupStanding(group: Group): string {
  if (!group.joined) return "You are not in this group any more";
  const asked = membersIn(group, "invited").length;
  const members = countOf(membersIn(group, "member").length, "member");
  return asked === 0 ? members : `${members}, ${asked} asked`;
}

/** The only one who decides while others are in: who has to appoint somebody before going. */
export function isLastAdmin(group: Group): boolean {
  const members = membersIn(group, "member");
  return group.admin && members.length > 1 && members.filter(({ admin }) => admin).length === 1;
}

/** Who can be asked to come: the node refuses others. */
export function canBeAsked({ state, encryption }: Contact): boolean {
  return state === "accepted" && encryption !== "interop";
}

/** "Ada", "Ada and Bob", "Ada, Bob and 3 others" */
export function nameSome(names: readonly string[]): string {
  const [first = "", second = "", ...more] = names;
  if (names.length <= 1) return first;
  if (more.length === 0) return `${first} and ${second}`;
  return `${first}, ${second} and ${countOf(more.length, "other")}`;
}
