/**
 * Memory for the long bodies of frames, used again and again: the fragments of one file are all of one length, and memory that
 * is asked of the system for each, written once and left to the collector costs more than checking it.
 *
 *   takeBody -> gathered, checked, written -> giveBackBody -> takeBody of the same length
 *
 * Whoever gives nothing back leaves it to the collector, as do those who hand on what they got. Shared by all of a process.
 */
import { unwrittenBytes } from "../../core/bytes.ts";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

/** Shorter ones cost nothing. */
const LEAST_BYTES = 65_536;

const spare: Uint8Array[] = [];
/** Made here and not given back, so that nothing is handed out twice. */
const taken = new WeakSet<Uint8Array>();

/** `length` bytes, which may be anything: all of them are to be written before any is read. */
export function takeBody(length: number): Uint8Array {
  const at = spare.findIndex((body) => body.length === length);
  const body = at < 0 ? unwrittenBytes(length) : (spare.splice(at, 1)[0] as Uint8Array);
  taken.add(body);
  return body;
}

/** Nobody may use it after this. Does nothing for what was not taken. */
export function giveBackBody(body: Uint8Array): void {
  if (body.length < LEAST_BYTES || !taken.delete(body)) return;
  spare.push(body);
  if (spare.length > MESH_LIMITS.spareBodies) free(spare.shift() as Uint8Array);
}

/** As `giveBackBody`, where many end at the same time: their memory is free at once, long before the collector would find it. */
export function dropBody(body: Uint8Array): void {
  if (taken.delete(body)) free(body);
}

function free(body: Uint8Array): void {
  (body.buffer as ArrayBuffer).transfer(0);
}
