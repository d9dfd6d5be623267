/**
 * How a sealed blob is cut: into segments of 4 MiB, each of which is coded, named and placed by itself.
 *
 *   blob       ####################....       .... zeros: the length is padded, so that it tells little of what is inside
 *   segments   [ 4 MiB ][ 4 MiB ][ rest ]
 *   fragment   a k-th of its segment, rounded up to whole bytes; the k data fragments one after the other are the segment
 *
 * Lengths are padded as Padme does (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files", PoPETs 2019, 4.2):
 * at most 12 % more, and all lengths below 2^64 fall on so few that one tells log log of what the length itself would.
 */
import { MESH_LIMITS } from "../../core/mesh-limits.ts";

export interface Segment {
  /** Where it begins in the padded blob. */
  readonly start: number;
  /** 1 to MESH_LIMITS.segmentBytes. */
  readonly bytes: number;
}

/** The length, in bytes, that `bytes` is padded to; itself for 0, 1 and every power of two. `bytes` is a safe integer >= 0. */
export function paddedBytes(bytes: number): number {
  if (bytes < 2) return bytes;
  const exponent = bytes.toString(2).length - 1; // Math.log2 rounds up just below large powers of two
  const unit = 2 ** (exponent - exponent.toString(2).length);
  return Math.ceil(bytes / unit) * unit;
}

/** The segments of a blob of `bytes` bytes, in order; none of an empty one. */
export function segmentsOf(bytes: number): Segment[] {
  const padded = paddedBytes(bytes);
  return Array.from({ length: Math.ceil(padded / MESH_LIMITS.segmentBytes) }, (_, i) => {
    const start = i * MESH_LIMITS.segmentBytes;
    return { start, bytes: Math.min(MESH_LIMITS.segmentBytes, padded - start) };
  });
}

/** Bytes of each fragment of a segment, of which `needed` give it back. */
export function fragmentBytes(segment: Pick<Segment, "bytes">, needed: number): number {
  return Math.ceil(segment.bytes / needed);
}
