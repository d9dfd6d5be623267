/** Why something cannot be done in a group. */

import { ValidationError } from "../core/errors.ts";
import { SESSION_LIMITS } from "../core/limits.ts";

export function unknownGroup(): ValidationError {
  return new ValidationError("unknown_group", "There is no group with this name or id.", {
    hint: "See your conversations for the groups that you are in.",
  });
}

export function notMember(): ValidationError {
  return new ValidationError("not_a_member", "Only members can do this, and only to members.");
}

export function adminNeeded(): ValidationError {
  return new ValidationError("not_admin", "Only an admin of this group can do this.", {
    hint: "Ask one of the admins.",
  });
}

export function lastAdmin(): ValidationError {
  return new ValidationError("last_admin", "A group needs an admin, and this is the last one.", {
    hint: "Make somebody else an admin first.",
  });
}

export function groupFull(): ValidationError {
  return new ValidationError("group_full", `A group has at most ${SESSION_LIMITS.members} members.`);
}

export function ambiguousGroup(): ValidationError {
  return new ValidationError("ambiguous_group", "Several groups have this name.", { hint: "Use the group's id." });
}

export function ambiguousMember(): ValidationError {
  return new ValidationError("ambiguous_member", "Several people in this group have this name.", {
    hint: "Use the person's npub.",
  });
}
