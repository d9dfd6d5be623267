/**
 * Somebody who keeps objects in the mesh and nothing for others, as a program of its own: on another machine than the
 * test, it is asked over the channel of `fork`. Started by `mesh-owner-process.ts`.
 *
 *   argv[2]  JSON of OwnerPlan      -> {ready}      <- {id, name, args}  -> {id, answer} or {id, error}
 */
import process from "node:process";
import { concatBytes, fromHex } from "../../src/core/bytes.ts";
import { systemClock } from "../../src/core/clock.ts";
import { signCareCertificate } from "../../src/mesh/manifest/care-certificate.ts";
import { deriveCareKeys, deriveMeshKeys } from "../../src/mesh/mesh-keys.ts";
import { answerTo, type ChildQuestion } from "./child-calls.ts";
import { startMeshClient } from "./mesh-client.ts";
import type { OwnerCalls, OwnerPlan } from "./mesh-owner-process.ts";

const CERTIFICATE_MS = 86_400_000;

const plan = JSON.parse(process.argv[2] as string) as OwnerPlan;
const owner = deriveMeshKeys(fromHex(plan.secret)).owner;
const node = await startMeshClient({ ...plan, secret: fromHex(plan.secret) });

const calls: OwnerCalls = {
  nodes: async () => node.roster.nodes(),
  write: async (content) => (await node.writer.write(once(content), content.length)).locator,
  read: async (locator) => concatBytes(...(await Array.fromAsync(node.reader.read(locator)))),
  publish: async (careKey, locator, sequence) => {
    const { signing } = deriveCareKeys(careKey);
    const certificate = signCareCertificate(signing.publicKey, systemClock.nowMs() + CERTIFICATE_MS, owner);
    return node.manifests.publish(careKey, locator, sequence, certificate);
  },
  find: (careKey) => node.manifests.find(careKey),
  put: (record) => node.records.put(record),
  get: (kind, key) => node.records.get(kind, key),
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

process.on("disconnect", () => process.exit());
process.on("message", (question: ChildQuestion) => {
  const call = calls[question.name as keyof OwnerCalls] as (...args: readonly unknown[]) => unknown;
  void answerTo(question, () => call(...question.args)).then((told) => process.send?.(told));
});
process.send?.({ ready: true });
