import assert from "node:assert/strict";
import { test } from "node:test";
import type { Connection, MultiaddrConnection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { MESH_LIMITS } from "../../core/mesh-limits.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { nodeIdOf } from "../node-id.ts";
import { domainOf, gatekeeper } from "./gatekeeper.ts";
import { addressOf, multiaddrOf, nodeIdOfPeer, parseMeshAddress, peerIdOf } from "./peer-ids.ts";

const NOBODY = { nodes: new Set<never>(), domains: new Set<string>() };
const id = nodeIdOf(ed25519.createKeyPair().publicKey);
const from = (text: string, direction = "inbound") =>
  ({ remoteAddr: multiaddr(text), direction }) as unknown as MultiaddrConnection & Connection;

test("a node has the same id in both worlds, and its address leads back to it", () => {
  assert.equal(nodeIdOfPeer(peerIdOf(id)), id);
  for (const host of ["203.0.113.7", "2001:db8::7"]) {
    const address = multiaddrOf({ host, port: 4001 }, id);
    assert.deepEqual(addressOf(address), { host, port: 4001 });
    assert.equal(parseMeshAddress(address.toString()).toString(), address.toString());
  }
  const relayed = multiaddr(
    `${multiaddrOf({ host: "203.0.113.7", port: 1 }, id).toString()}/p2p-circuit/p2p/${peerIdOf(id).toString()}`,
  );
  assert.equal(addressOf(relayed), null);
  assert.equal(domainOf(relayed), null);
  for (const text of [
    "",
    "203.0.113.7:4001",
    "/ip4/203.0.113.7/tcp/4001",
    "/ip4/1.2.3/tcp/1",
    "/ip4/203.0.113.7/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
  ]) {
    assert.throws(() => parseMeshAddress(text), { code: "bad_mesh_address" }, text);
  }
});

test("a name that a stranger wrote is never looked up, one that a person wrote is", () => {
  const named = multiaddr(`/dns4/nodes.example/tcp/1/p2p/${peerIdOf(id).toString()}`);
  const gate = gatekeeper(NOBODY, new Set(), () => []);
  const open = gatekeeper(NOBODY, new Set([named.toString()]), () => []);
  assert.deepEqual([gate.denyDialMultiaddr?.(named), open.denyDialMultiaddr?.(named)], [true, false]);
  assert.deepEqual(
    [gate.filterMultiaddrForPeer?.(peerIdOf(id), named), open.filterMultiaddrForPeer?.(peerIdOf(id), named)],
    [false, true],
  );
  assert.equal(gate.denyDialMultiaddr?.(multiaddr("/ip4/203.0.113.7/tcp/1")), false);
});

test("whoever is denied is neither let in nor dialled", () => {
  const gate = gatekeeper({ nodes: new Set([id]), domains: new Set(["203.0.113.0/24"]) }, new Set(), () => []);
  const other = peerIdOf(nodeIdOf(ed25519.createKeyPair().publicKey));
  const connection = from("/ip4/198.51.100.1/tcp/1");
  assert.deepEqual([gate.denyDialPeer?.(peerIdOf(id)), gate.denyDialPeer?.(other)], [true, false]);
  assert.equal(gate.denyInboundEncryptedConnection?.(peerIdOf(id), connection), true);
  assert.equal(gate.denyOutboundEncryptedConnection?.(peerIdOf(id), connection), true);
  assert.equal(gate.denyInboundConnection?.(from("/ip4/203.0.113.9/tcp/1")), true);
  assert.equal(gate.denyDialMultiaddr?.(multiaddr("/ip4/203.0.113.9/tcp/1")), true);
  assert.equal(gate.denyInboundConnection?.(connection), false);
});

test("one failure domain has a share of the connections, this machine has not", () => {
  const crowd = (host: (at: number) => string, direction = "inbound") =>
    Array.from({ length: MESH_LIMITS.neighboursPerDomain }, (_, at) => from(`/ip4/${host(at)}/tcp/1`, direction));
  const asks = (connections: Connection[], host: string) =>
    gatekeeper(NOBODY, new Set(), () => connections).denyInboundConnection?.(from(`/ip4/${host}/tcp/9`));
  const house = crowd((at) => `203.0.113.${at + 1}`);
  assert.equal(asks(house, "203.0.113.99"), true);
  assert.equal(asks(house.slice(1), "203.0.113.99"), false);
  assert.equal(asks(house, "203.0.114.1"), false);
  assert.equal(
    asks(
      crowd((at) => `203.0.113.${at + 1}`, "outbound"),
      "203.0.113.99",
    ),
    false,
  );
  assert.equal(
    asks(
      crowd(() => "127.0.0.1"),
      "127.0.0.1",
    ),
    false,
  );
});
