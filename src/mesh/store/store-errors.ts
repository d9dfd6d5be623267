/** What can go wrong with a node's disk, in plain words. */
import {
  CodecError,
  InternalError,
  type NocturneError,
  PolicyError,
  toNocturneError,
  UsageError,
  ValidationError,
} from "../../core/errors.ts";

/** PolicyError `node_full`: this node takes nothing more, because of `why`. */
export function nodeFull(why: string, cause?: unknown): PolicyError {
  return new PolicyError("node_full", `This node has no room: ${why}`, {
    hint: "Give it more room, or keep the fragment at another node.",
    cause,
  });
}

/** Whatever the disk said; a full one is a full node. */
export function diskProblem(error: unknown): NocturneError {
  const problem = toNocturneError(error);
  return problem.code === "disk_full" ? nodeFull("its disk is full.", error) : problem;
}

/** ValidationError `wrong_fragment`: what came is not what the name says. */
export function wrongFragment(): ValidationError {
  return new ValidationError("wrong_fragment", "These bytes are not the fragment of that name.", {
    hint: "Send it again, all of it and nothing else.",
  });
}

/** InternalError `fragment_damaged`: it ends too early on this disk. */
export function fragmentDamaged(): InternalError {
  return new InternalError("fragment_damaged", "A fragment on this node's disk is damaged.", {
    hint: "Check the disk; the fragment's owner makes it anew from the others.",
  });
}

/** InternalError `node_in_use`. */
export function nodeInUse(cause: unknown): InternalError {
  return new InternalError("node_in_use", "Another node is using this folder.", {
    hint: "Stop it with: nocturne-node disconnect - or choose another folder.",
    cause,
  });
}

/** CodecError `fragment_index_damaged`: nothing is repaired by guessing, because that would delete what others keep here. */
export function indexDamaged(what: string, cause?: unknown): CodecError {
  return new CodecError("fragment_index_damaged", `This node's fragments cannot be read: ${what}`, {
    hint: "Nothing was deleted. Check the disk and restore the node's folder, or start with an empty one; owners make anew what is lost.",
    cause,
  });
}

/** ValidationError `node_newer`. */
export function nodeNewer(): ValidationError {
  return new ValidationError("node_newer", "This node's folder was made by a newer Nocturne.", {
    hint: "Update Nocturne, then start it again.",
  });
}

/** InternalError `node_closed`. */
export function nodeClosed(): InternalError {
  return new InternalError("node_closed", "This node has been stopped.", { hint: "Start it again." });
}

/** UsageError `arrival_closed`. */
export function arrivalClosed(): UsageError {
  return new UsageError("arrival_closed", "This fragment was finished or given up already.");
}
