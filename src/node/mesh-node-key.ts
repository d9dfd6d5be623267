/** The key of a node of the mesh, in its folder: who can read it can be this node. */
import { join } from "node:path";
import { readOrCreateSeed, readSeed } from "./seed-file.ts";

const CODE = "node_key_corrupt";
const HINT = "Put the right file back; or remove it, and the node becomes another one that holds nothing.";

/** 32 bytes, made at the first time. Throws CodecError `node_key_corrupt`. */
export function openNodeKey(folder: string): Uint8Array {
  return readOrCreateSeed(join(folder, "node.key"), CODE, HINT);
}

/** As `openNodeKey`, where a node was before. */
export function readNodeKey(folder: string): Uint8Array {
  return readSeed(join(folder, "node.key"), CODE, "Start the node once with: nocturne-node connect");
}
