/**
 * The key stream of Noctis-256 by WebAssembly: sixteen blocks at once, and nothing that depends on the key decides what
 * is read or done next (`kernels/noctis256.as`). Engines without SIMD get `noctis-plain.ts`.
 */
import { NOCTIS256_RELAXED, NOCTIS256_SIMD } from "./kernels/noctis256.ts";
import { type Simd, SimdKernel } from "./kernels/simd-kernel.ts";
import { Instance, Memory, PAGE_BYTES } from "./kernels/web-assembly.ts";
import { type NoctisStream, noctisStream as plainStream } from "./noctis-plain.ts";

export type { NoctisStream };

/** Where the kernel expects what; see there. */
const ROUND_KEYS_AT = 256;
const NONCE_AT = 896;
const DATA_AT = 2_048;
/** The kernel's step, sixteen blocks. */
const STEP_BYTES = 512;
const STEP_BLOCKS = 16;
/** Data that is in the kernel's memory at once. */
const ROOM_BYTES = 65_536;

const KERNEL = new SimdKernel({ "relaxed-simd": NOCTIS256_RELAXED, simd: NOCTIS256_SIMD });

interface Room {
  readonly bytes: Uint8Array;
  readonly crypt: (firstBlock: number, steps: number) => void;
}

const rooms = new Map<Simd, Room>();

/** The builds that this machine has, fastest first. */
export function noctisBuilds(): Simd[] {
  return KERNEL.builds();
}

/**
 * The stream of an S-box of 256 bytes and of 20 round keys, eight big-endian words each. `simd` is chosen by what the
 * machine's engine has; tests name one.
 */
export function noctisStream(
  box: Uint8Array,
  roundKeys: Int32Array,
  simd: Simd | undefined = noctisBuilds()[0],
): NoctisStream {
  if (simd === undefined) return plainStream(box, roundKeys);
  const { bytes, crypt } = roomOf(simd);
  const schedule = new Uint8Array(NONCE_AT);
  schedule.set(box);
  const view = new DataView(schedule.buffer, ROUND_KEYS_AT);
  for (const [i, word] of roundKeys.entries()) view.setInt32(4 * i, word);
  return (output, nonce, data) => {
    bytes.set(schedule);
    bytes.set(nonce, NONCE_AT);
    let used = 0;
    for (let start = 0; start < data.length; start += ROOM_BYTES) {
      const piece = data.subarray(start, start + ROOM_BYTES);
      const steps = Math.ceil(piece.length / STEP_BYTES);
      bytes.set(piece, DATA_AT);
      crypt((start / STEP_BYTES) * STEP_BLOCKS, steps);
      output.set(bytes.subarray(DATA_AT, DATA_AT + piece.length), start);
      used = Math.max(used, steps * STEP_BYTES);
    }
    // Neither key nor plaintext stays where later calls work; nor key stream, behind the end of the data.
    bytes.fill(0, 0, DATA_AT + used);
  };
}

/** One memory for all keys: calls neither wait nor overlap. */
function roomOf(simd: Simd): Room {
  const known = rooms.get(simd);
  if (known !== undefined) return known;
  const memory = new Memory({ initial: Math.ceil((DATA_AT + ROOM_BYTES) / PAGE_BYTES) });
  const { exports } = new Instance(KERNEL.module(simd) as object, { env: { memory } });
  const room = { bytes: new Uint8Array(memory.buffer), crypt: exports["crypt"] as Room["crypt"] };
  rooms.set(simd, room);
  return room;
}
