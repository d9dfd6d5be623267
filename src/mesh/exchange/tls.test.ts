import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { connect as connectAny, createServer } from "node:tls";
import { ed25519 } from "../../crypto/signing.ts";
import { nodeIdOf } from "../node-id.ts";
import { keyOfCertificate, tlsIdentity } from "./certificate.ts";
import { newClient, newFragment, START_MS, startNode, type TestNode } from "./testing.ts";
import { connectTls, connectToNode } from "./tls.ts";

const never = new AbortController().signal;

function dial({ address }: TestNode, t: TestContext) {
  const socket = connect(address.port, address.host);
  t.after(() => socket.destroy());
  return socket;
}

test("a certificate is what a node's key signed, and names that key", () => {
  const node = ed25519.createKeyPair();
  const { certificate, key } = tlsIdentity(node);
  const parsed = new X509Certificate(certificate);
  assert.ok(parsed.verify(parsed.publicKey));
  assert.ok(parsed.checkPrivateKey(key));
  assert.deepEqual(keyOfCertificate(parsed), node.publicKey);
  assert.equal(parsed.subject, "CN=nocturne node");
  assert.equal(new Date(parsed.validTo).getUTCFullYear(), 9999);
});

test("both sides speak TLS 1.3 with a hybrid key exchange, and no other", async (t) => {
  const node = await startNode(t);
  const secure = await connectToNode(dial(node, t), node.id, never);
  assert.equal(secure.getProtocol(), "TLSv1.3");
  assert.equal((secure.getEphemeralKeyInfo() as { name?: string }).name, "X25519MLKEM768");
  secure.destroy();
  for (const worse of [{ ecdhCurve: "X25519" }, { ecdhCurve: "X25519MLKEM768", maxVersion: "TLSv1.2" }] as const) {
    const refused = connectAny({
      ...worse,
      port: node.address.port,
      host: node.address.host,
      rejectUnauthorized: false,
    });
    await new Promise<void>((resolve, reject) => {
      refused.once("error", () => resolve());
      refused.once("secureConnect", () => reject(new Error("it was accepted")));
    });
  }
});

test("somebody with another key at the node's address hears nothing; without the look at the key he would", async (t) => {
  const [victim, attacker] = [await startNode(t), await startNode(t)];
  await assert.rejects(connectToNode(dial(attacker, t), victim.id, never), { code: "node_unreachable" });
  const believed = await connectTls(dial(attacker, t), never);
  assert.deepEqual(keyOfCertificate(believed.getPeerX509Certificate() as X509Certificate), attacker.key.publicKey);
  believed.destroy();
  // A whole client, led to the attacker: it asks him for nothing.
  const heard: unknown[] = [];
  const client = newClient(t, [], { addressesOf: () => [attacker.address], heard: (...all) => void heard.push(all) });
  await assert.rejects(client.peer(victim.id), { code: "node_unreachable" });
  assert.deepEqual(heard, [[victim.id, false]]);
  assert.equal(attacker.server.counters().bytesIn, 0);
  assert.equal(nodeIdOf(attacker.key.publicKey), (await newClient(t, [attacker]).peer(attacker.id)).node);
});

test("who only has the node's certificate cannot present it", () => {
  const [victim, attacker] = [ed25519.createKeyPair(), ed25519.createKeyPair()];
  const server = (): unknown =>
    createServer({
      cert: new X509Certificate(tlsIdentity(victim).certificate).toString(),
      key: tlsIdentity(attacker).key.export({ format: "pem", type: "pkcs8" }),
    });
  assert.throws(server, /key values mismatch/);
});

test("addresses are tried in turn, and a node that was away is found when it is back", async (t) => {
  const [node, other] = [await startNode(t), await startNode(t)];
  const dead = { host: "127.0.0.1", port: 1 };
  const client = newClient(t, [], { addressesOf: () => [dead, other.address, node.address] });
  const peer = await client.peer(node.id);
  const fragment = newFragment(1_000);
  await peer.store(fragment, fragment.content, START_MS + 1_000);
  await node.server.close();
  await assert.rejects(peer.room(), { name: "NetworkError" });
  const addresses = [dead];
  const waiting = newClient(t, [], { addressesOf: () => addresses });
  await assert.rejects(waiting.peer(node.id), { code: "node_unreachable" });
  const back = await startNode(t, { key: node.key });
  addresses.push(back.address);
  assert.ok((await (await waiting.peer(node.id)).room()) > 0);
});
