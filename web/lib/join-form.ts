/** What is typed to join a mesh, and what is asked of the node for it. Pure. */
import type { JoinMesh, MeshView } from "../../src/api/contract.ts";
import { sharedBytes, typedGigabytes } from "./mesh-words.ts";

export interface JoinTyped {
  /** One address a line. */
  readonly addresses: string;
  readonly lan: boolean;
  readonly isPrivate: boolean;
  /** Of a private mesh; empty: the one that was given before. */
  readonly networkKey: string;
  readonly isSharing: boolean;
  readonly gigabytes: string;
  readonly port: string;
  readonly care: boolean;
}

export type JoinField = "addresses" | "networkKey" | "gigabytes" | "port";

/** Every address of this machine, as a node that others reach must listen. */
const HOST = "0.0.0.0";
const PORT = 4_001;
const GIGABYTES = "10";
const PORT_MAX = 65_535;

/** As it was chosen before. */
export function typedOf({ bootstrap, lan, isPrivate, share }: MeshView): JoinTyped {
  return {
    addresses: bootstrap.join("\n"),
    lan,
    isPrivate,
    networkKey: "",
    isSharing: share !== null,
    gigabytes: share ? typedGigabytes(share.maxBytes) : GIGABYTES,
    port: `${share?.port ?? PORT}`,
    care: share?.care ?? true,
  };
}

/** What is wrong with it, as far as that can be seen here; null: nothing. */
export function wrongField(typed: JoinTyped, before: MeshView): { field: JoinField; words: string } | null {
  if (typed.isPrivate && !before.isPrivate && typed.networkKey.trim() === "") {
    return { field: "networkKey", words: "Give the key: every node of that mesh has the same one." };
  }
  if (!typed.isSharing) return null;
  if (sharedBytes(typed.gigabytes) === null) return { field: "gigabytes", words: "Give a size, such as 10 or 0.5." };
  const isPort = /^\d{1,5}$/.test(typed.port.trim()) && Number(typed.port) <= PORT_MAX;
  return isPort ? null : { field: "port", words: "Give a port from 0 to 65535." };
}

/** Of something in which `wrongField` finds nothing. */
export function joinOf(typed: JoinTyped, before: MeshView): JoinMesh {
  const { lan, isPrivate, isSharing, care } = typed;
  const bootstrap = typed.addresses.split("\n").flatMap((line) => line.trim() || []);
  const maxBytes = sharedBytes(typed.gigabytes) ?? 0;
  const share = isSharing ? { maxBytes, host: before.share?.host ?? HOST, port: Number(typed.port), care } : null;
  const key = typed.networkKey.trim();
  const networkKey = isPrivate ? (key === "" ? {} : { networkKey: key }) : before.isPrivate ? { networkKey: null } : {};
  return { bootstrap, lan, share, ...networkKey };
}

const FIELDS: Record<string, JoinField> = {
  bad_mesh_address: "addresses",
  too_many_addresses: "addresses",
  bad_network_key: "networkKey",
  bad_mesh_share: "gigabytes",
};

/** Beside which field the node's refusal belongs; null: beside none. */
export function fieldOf(code: string): JoinField | null {
  return FIELDS[code] ?? null;
}
