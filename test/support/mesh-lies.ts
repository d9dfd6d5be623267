/** Nodes that promise one thing and do another: the real program with one method exchanged, in a process of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import { PolicyError } from "../../src/core/errors.ts";
import { MESH_LIMITS } from "../../src/core/mesh-limits.ts";
import { FRAME } from "../../src/mesh/exchange/frames.ts";
import { HeldMemory } from "../../src/mesh/exchange/held-memory.ts";
import { Wire } from "../../src/mesh/exchange/wire.ts";
import { FragmentStore } from "../../src/mesh/store/fragment-store.ts";
import { RecordDatastore } from "../../src/mesh/network/record-datastore.ts";

/**
 * `drops`: says "kept", and has nothing. `damages`: one leaf of each fragment is another. `late`: answers when nobody waits any more.
 * `pretends`: has room, as it says, and takes nothing. `replays`: of records it knows the first version alone.
 */
export const LIES = ["drops", "damages", "late", "pretends", "replays"] as const;
/**
 * `slow` does what it should, a piece at a time. `heedless`: sends what was asked for, whether it is taken or not. `hoards`: keeps all that
 * waits, however much it is.
 */
export type Lie = (typeof LIES)[number] | "slow" | "heedless" | "hoards";

/** Which leaf is damaged. */
const BAD_LEAF = 7;
/** Of each piece that a slow node takes or gives. */
const SLOW_MS = 2_000;

/** From now on every node of this process lies. */
export function lie(how: Lie): void {
  const { open } = FragmentStore.prototype;
  const lies: Record<Lie, () => void> = {
    drops: () => {
      FragmentStore.prototype.open = async () => null;
    },
    damages: () => {
      FragmentStore.prototype.open = async function (id) {
        const reader = await open.call(this, id);
        if (!reader) return null;
        const read = reader.read.bind(reader);
        reader.read = async (first, count) => {
          const bytes = await read(first, count);
          const at = (BAD_LEAF - first) * MESH_LIMITS.leafBytes;
          if (at >= 0 && at < bytes.length) bytes[at] = (bytes[at] as number) ^ 1;
          return bytes;
        };
        return reader;
      };
    },
    late: () => {
      FragmentStore.prototype.open = async function (id) {
        await sleep(1.5 * MESH_LIMITS.auditMs);
        return open.call(this, id);
      };
    },
    pretends: () => {
      FragmentStore.prototype.begin = async () => Promise.reject(new PolicyError("node_full", "This node is full."));
    },
    slow: () => {
      const { begin } = FragmentStore.prototype;
      FragmentStore.prototype.begin = async function (request) {
        const arrival = await begin.call(this, request);
        if (!arrival) return null;
        const write = arrival.write.bind(arrival);
        arrival.write = async (bytes) => {
          await sleep(SLOW_MS);
          await write(bytes);
        };
        return arrival;
      };
      FragmentStore.prototype.open = async function (id) {
        const reader = await open.call(this, id);
        if (!reader) return null;
        const read = reader.read.bind(reader);
        reader.read = async (first, count) => {
          await sleep(SLOW_MS);
          return read(first, count);
        };
        return reader;
      };
    },
    heedless,
    hoards,
    replays: () => {
      const { put } = RecordDatastore.prototype;
      const known = new Set<string>();
      RecordDatastore.prototype.put = function (key, value) {
        if (known.has(key.toString())) return key;
        known.add(key.toString());
        return put.call(this, key, value);
      };
    },
  };
  lies[how]();
}

function heedless(): void {
  hoards();
  Wire.prototype.sendRead = async function (_length, read) {
    this.send(FRAME.data, await read()).catch(() => {});
  };
}

function hoards(): void {
  HeldMemory.prototype.hold = () => {};
}
