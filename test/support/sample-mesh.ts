/** A storage mesh that does not exist, for the faces: everything that a view can hold, and any number of nodes. */
import type { FileInMesh, MeshNodeView, MeshView, OperatorStatus } from "../../src/api/contract.ts";

const STATES: readonly MeshNodeView["state"][] = [
  "up",
  "up",
  "up",
  "up",
  "up",
  "late",
  "up",
  "suspect",
  "lost",
  "returning",
];
/** Of forty nodes. */
const FORKED = 37;
const GIGABYTE = 1_000_000_000;
/** Of ten nodes so many stand in places of their own; the others share one with two more. */
const ALONE = 7;

/** 16 digits without a pattern that one sees. */
function hexOf(n: number): string {
  return [1, 2].map((k) => (Math.imul(n, 2_654_435_761 + k * 40_503) >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Different ones, always the same; `holders` of them have something of the person. */
export function sampleNodes(count: number, holders: number = Math.ceil(count / 3)): MeshNodeView[] {
  return Array.from({ length: count }, (_, i) => {
    const place = i % 10 < ALONE ? i : 10 * Math.floor(i / 10) + ALONE;
    const isHolder = i < holders;
    return {
      id: hexOf(i + 1),
      domain: `203.${place >> 8}.${place & 255}.0/24`,
      state: i % 40 === FORKED ? "forked" : (STATES[(i * 7) % STATES.length] as MeshNodeView["state"]),
      uptime: 0.5 + ((i * 37) % 50) / 100,
      roomBytes: GIGABYTE * 2 ** (i % 8),
      cares: i % 4 !== 0,
      fragments: isHolder ? 1 + ((i * 13) % 90) : 0,
    };
  });
}

/** Up, with 40 nodes, and a few files. */
export function sampleMesh(change: Partial<MeshView> = {}): MeshView {
  return {
    on: true,
    bootstrap: ["/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWSampleSampleSampleSampleSampleSampleSampleSample"],
    lan: false,
    share: null,
    state: "up",
    problem: null,
    isPrivate: false,
    tracker: null,
    owner: "5a".repeat(32),
    nodes: sampleNodes(40),
    coding: { needed: 10, total: 30, holds: true },
    kept: { files: 12, waiting: 1, bytes: 3_400_000_000, objects: 9, due: 1, unreadable: 0, leaving: 0, problem: null },
    account: { copiedAt: "2026-01-31T18:00:00.000Z", bytes: 240_000, isCurrent: true, problem: null },
    vouchers: [],
    own: null,
    ...change,
  };
}

/** Nobody joined. */
export function sampleOff(): MeshView {
  const nothing = { files: 0, waiting: 0, bytes: 0, objects: 0, due: 0, unreadable: 0, leaving: 0, problem: null };
  const account = { copiedAt: null, bytes: 0, isCurrent: false, problem: null };
  return sampleMesh({
    on: false,
    state: "off",
    bootstrap: [],
    lan: true,
    nodes: [],
    coding: null,
    kept: nothing,
    account,
  });
}

export function sampleOwn(change: Partial<OperatorStatus> = {}): OperatorStatus {
  return {
    running: true,
    peerId: "12D3KooWOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOw",
    nodeId: "7c".repeat(32),
    addresses: ["/ip4/198.51.100.4/tcp/4001/p2p/12D3KooWOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOwnOw"],
    fragments: 1_842,
    usedBytes: 7_700_000_000,
    maxBytes: 10_000_000_000,
    trashBytes: 900_000_000,
    owners: 23,
    uptimeS: 3 * 86_400 + 7_200,
    peers: 31,
    known: 40,
    audits: { passed: 512, failed: 2 },
    traffic: { receivedBytes: 8.1e9, sentBytes: 2.2e9, storedFragments: 1_990, sentFragments: 640, connections: 9 },
    refused: { owner_full: 14, fragment_missing: 3 },
    care: {
      objects: 71,
      auditsPassed: 1_204,
      auditsFailed: 6,
      repairedFragments: 18,
      repairedBytes: 7.5e7,
      unreadable: 0,
    },
    ledger: { entries: 4_120, headSize: 4_100, cosignatures: 7, forksSeen: 1 },
    leaving: false,
    warnings: [{ code: "nearly_full", text: "It is nearly full. Give it more, or leave it so." }],
    ...change,
  };
}

export function sampleInMesh(change: Partial<FileInMesh> = {}): FileInMesh {
  return { state: "kept", progress: 1, needed: 10, total: 30, survives: 20, problem: null, here: true, ...change };
}
