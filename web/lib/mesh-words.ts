/** The storage mesh in plain words: how it is, how its nodes are, how a file is kept, what this machine does. Pure. */
import type { FileInMesh, FileView, MeshNodeView, MeshView } from "../../src/api/contract.ts";
import { countOf, formatBytes } from "./format.ts";

export type NodeState = MeshNodeView["state"];

/** In the order of a legend and of a sorted table: what is well comes first. */
export const NODE_STATES: readonly NodeState[] = ["up", "returning", "late", "suspect", "lost", "forked"];

const STATE_WORDS: Record<NodeState, string> = {
  up: "Up",
  returning: "Returning",
  late: "Late",
  suspect: "Suspect",
  lost: "Lost",
  forked: "Forked",
};

const STATE_NOTES: Record<NodeState, string> = {
  up: "answered lately, and had what it took",
  returning: "answers again; whether it still has what it took is being asked",
  late: "did not answer lately; machines at home sleep",
  suspect: "silent for a day or more",
  lost: "silent for a week or more; what it had counts as gone",
  forked: "proven to have signed two histories; it gets nothing more, and what it has is brought elsewhere",
};

export const nodeStateWords = (state: NodeState): string => STATE_WORDS[state];
export const nodeStateNote = (state: NodeState): string => STATE_NOTES[state];

/** "3f2a 91bc": enough to tell nodes apart here, and to find one in another list. */
export function shortNode(id: string): string {
  return `${id.slice(0, 4)} ${id.slice(4, 8)}`;
}

/** "98 %" */
export function percentWords(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** One sentence for who sees no picture: "Node 3f2a 91bc in 203.0.113.0/24: up, 98 % uptime, room for 12 GB, 4 fragments of yours". */
export function nodeWords({ id, domain, state, uptime, roomBytes, fragments, cares }: MeshNodeView): string {
  const facts = [
    STATE_WORDS[state].toLowerCase(),
    `${percentWords(uptime)} uptime`,
    `room for ${formatBytes(roomBytes)}`,
    fragments === 0 ? "nothing of yours" : `${countOf(fragments, "fragment")} of yours`,
    ...(cares ? ["repairs files of others"] : []),
  ];
  return `Node ${shortNode(id)} in ${domain}: ${facts.join(", ")}`;
}

/** How many nodes are in each state, without states that none is in. */
export function countStates(nodes: readonly Pick<MeshNodeView, "state">[]): { state: NodeState; count: number }[] {
  return NODE_STATES.map((state) => ({ state, count: nodes.filter((node) => node.state === state).length })).filter(
    ({ count }) => count > 0,
  );
}

/** The sentence with which the page begins. */
export function leadWords({ state, nodes }: Pick<MeshView, "state" | "nodes">): string {
  if (state === "off") return "Your files are on this machine alone.";
  if (state === "starting") return "You are joining the mesh.";
  if (state === "waiting") return "The mesh cannot be used now. It comes back by itself.";
  if (nodes.length === 0) return "You are in the mesh, and no other node is known yet.";
  const up = nodes.filter((node) => node.state === "up").length;
  if (up === nodes.length) return `You are in the mesh: ${countOf(up, "node is", "nodes are")} there now.`;
  return `You are in the mesh: ${up} of ${nodes.length} nodes are there now.`;
}

/** "Any 10 of 30 fragments give a file back." and what that is worth. */
export function codingWords(coding: MeshView["coding"]): string {
  if (coding === null) return "No node takes anything now; what is to be kept there waits.";
  const { needed, total, holds } = coding;
  const cut = `A file added now is cut so that any ${needed} of ${total} fragments give it back`;
  return holds ? `${cut}.` : `${cut}. With so few nodes it may be out of reach now and then.`;
}

export type FileStanding = "waiting" | "sending" | "kept" | "weak" | "unreachable" | "unreadable";

/** `weak`: one more loss and it cannot be read. `unreachable`: the mesh is not up. `unreadable`: too few nodes are there. */
export function fileStanding({ state, survives, problem }: FileInMesh): FileStanding {
  if (state !== "kept") return state;
  if (survives === null) return problem === null ? "kept" : "unreachable";
  if (survives > 0) return "kept";
  return problem === null ? "weak" : "unreadable";
}

/** Whether somebody should look at it: it waits for a reason, or another loss would hurt. */
export function needsAttention(mesh: FileInMesh): boolean {
  return mesh.problem !== null || fileStanding(mesh) === "weak";
}

/** "Kept, survives the loss of 5 more nodes" */
export function fileWords(mesh: FileInMesh): string {
  const { progress, problem, survives, here } = mesh;
  const words: Record<FileStanding, string> = {
    waiting: problem === null ? "Waits for its turn" : `Waits: ${problem}`,
    sending: `On its way, ${Math.floor(100 * progress)} %`,
    weak: "Kept, but the loss of one more node would put it out of reach",
    unreachable: here
      ? "Kept, and on this disk; the mesh cannot be used now"
      : "Kept; it can be read when the mesh is back",
    unreadable: here ? "Cannot be read from the mesh now; it is on this disk, too" : `Cannot be read now: ${problem}`,
    kept: `Kept, survives the loss of ${countOf(survives ?? 0, "more node", "more nodes")}`,
  };
  const isUnknown = survives === null && fileStanding(mesh) === "kept";
  return isUnknown ? "Kept; how safe it is, is being looked at" : words[fileStanding(mesh)];
}

/** The few words of a row in the library. */
export function signWords(mesh: FileInMesh): string {
  const words: Record<FileStanding, string> = {
    waiting: "Waits for the mesh",
    sending: `Into the mesh, ${Math.floor(100 * mesh.progress)} %`,
    kept: mesh.here ? "In the mesh, too" : "In the mesh only",
    weak: "In the mesh, at risk",
    unreachable: "In the mesh, which is not up",
    unreadable: mesh.here ? "Cannot be read from the mesh now" : "Cannot be read now",
  };
  return words[fileStanding(mesh)];
}

/** A file that is in the mesh, or on its way there. */
export type MeshFile = FileView & { readonly mesh: FileInMesh };

/** Those that need attention first, then by name. `onlyWorrying` leaves out the others. */
export function meshFiles(files: readonly FileView[], onlyWorrying: boolean): MeshFile[] {
  const kept = files.filter((file): file is MeshFile => file.mesh !== null);
  const wanted = onlyWorrying ? kept.filter(({ mesh }) => needsAttention(mesh)) : kept;
  const rank = ({ mesh }: MeshFile): number => (needsAttention(mesh) ? 0 : mesh.state === "kept" ? 2 : 1);
  return wanted.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

const SPANS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** "3 days", "less than a minute" */
export function spanWords(seconds: number): string {
  const [name, length] = SPANS.find((span) => seconds >= span[1]) ?? ["", 0];
  return length === 0 ? "less than a minute" : countOf(Math.floor(seconds / length), name);
}

const REFUSALS: Record<string, string> = {
  node_full: "This machine had no room left",
  owner_full: "Somebody wanted more than strangers get",
  fragment_missing: "A fragment was not here",
  not_allowed: "Somebody asked for what is not theirs",
  wrong_fragment: "What came was not what it was said to be",
  no_care: "Somebody asked for care that is not given here",
  bad_request: "A request was not understood",
  bad_proof: "Somebody could not prove who they are",
  given_up: "A fragment was not sent whole",
  failed: "Something failed here",
};

/** The most frequent ones first. */
export function refusalWords(refused: Readonly<Record<string, number>>): { words: string; count: number }[] {
  return Object.entries(refused)
    .map(([code, count]) => ({ words: REFUSALS[code] ?? code, count }))
    .toSorted((a, b) => b.count - a.count);
}

const GIGABYTE = 1_000_000_000;

/** Typed gigabytes as bytes; null for what is no size. */
export function sharedBytes(typed: string): number | null {
  const text = typed.trim().replace(",", ".");
  const bytes = /^\d{1,7}(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * GIGABYTE) : 0;
  return bytes > 0 ? bytes : null;
}

/** What `sharedBytes` reads: "10", "0.5". */
export function typedGigabytes(bytes: number): string {
  return `${Number((bytes / GIGABYTE).toFixed(3))}`;
}
