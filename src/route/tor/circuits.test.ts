/** Reading circuits, streams and the state of the start, as a tor 0.4.9 wrote them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBootstrap } from "./bootstrap.ts";
import { readCircuits } from "./circuits.ts";
import { StreamTable } from "./streams.ts";

const [A, B, C] = ["A", "B", "C"].map((letter) => letter.repeat(40));

test("circuits with hops, purpose, user and what carries them together", () => {
  const circuits = readCircuits(
    [
      `44 BUILT $${A}~one,$${B}~two,$${C} BUILD_FLAGS=NEED_CAPACITY PURPOSE=CONFLUX_LINKED SOCKS_USERNAME="u1" SOCKS_PASSWORD="0" CONFLUX_ID=D3`,
      "51 LAUNCHED PURPOSE=GENERAL TIME_CREATED=2026-11-26T19:28:11.029150",
      "",
      "noise",
    ].join("\n"),
  );
  assert.equal(circuits.length, 2);
  const [built, launched] = circuits;
  assert.deepEqual(
    built?.hops.map(({ fingerprint, nickname }) => [fingerprint, nickname]),
    [
      [A, "one"],
      [B, "two"],
      [C, ""],
    ],
  );
  assert.deepEqual([built?.purpose, built?.user, built?.conflux], ["conflux_linked", "u1", "D3"]);
  assert.deepEqual([launched?.status, launched?.hops, launched?.user], ["LAUNCHED", [], null]);
});

test("streams are known by who asked for them, until they end", () => {
  const table = new StreamTable();
  const ours = 'SOCKS_USERNAME="u1" SOCKS_PASSWORD="0"';
  table.note(`STREAM 25 NEW 0 Example.org:443 SOURCE_ADDR=(Tor_internal):0 PURPOSE=USER ${ours}`);
  table.note(`STREAM 26 NEW 0 other.org:443 PURPOSE=USER ${ours}`);
  table.note("STREAM 27 NEW 0 directory:80 PURPOSE=DIR_FETCH");
  const find = (host: string) => table.find({ user: "u1", password: "0" }, { host, port: 443 });
  assert.deepEqual(
    find("example.org").map(({ id, circuit }) => [id, circuit]),
    [[25, null]],
  );
  table.note(`STREAM 25 SENTCONNECT 40 example.org:443 ${ours}`);
  table.note(`STREAM 25 REMAP 40 192.0.2.1:443 ${ours}`);
  assert.deepEqual(
    find("example.org").map(({ id, circuit }) => [id, circuit]),
    [[25, "40"]],
    "found by the name that was asked for, not by what an exit said",
  );
  assert.equal(find("third.org").length, 2, "nothing better is known than the label");
  assert.equal(table.newest("u1")?.id, 25, "26 is on no circuit yet");
  table.note(`STREAM 25 DETACHED 40 192.0.2.1:443 REASON=END ${ours}`);
  assert.equal(table.newest("u1"), null);
  table.note(`STREAM 25 CLOSED 40 192.0.2.1:443 ${ours}`);
  table.note(`STREAM 26 FAILED 0 other.org:443 ${ours}`);
  assert.deepEqual(find("example.org"), []);
  assert.deepEqual(table.find({ user: "u1", password: "1" }, { host: "example.org", port: 443 }), []);
});

test("the start in plain words, and why it does not go on", () => {
  assert.deepEqual(readBootstrap('NOTICE BOOTSTRAP PROGRESS=50 TAG=x SUMMARY="Loading relay descriptors"'), {
    progress: 50,
    doing: "Loading relay descriptors",
    problem: null,
  });
  const stuck =
    'STATUS_CLIENT WARN BOOTSTRAP PROGRESS=10 TAG=conn SUMMARY="Connecting to a relay" WARNING="Connection refused" REASON=CONNECTREFUSED COUNT=10 RECOMMENDATION=warn';
  assert.equal(readBootstrap(stuck)?.problem?.code, "tor_cannot_connect");
  assert.equal(readBootstrap(stuck.replace("=warn", "=ignore"))?.problem, null);
  for (const other of ["STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED", "NOTICE BOOTSTRAP PROGRESS=900", ""]) {
    assert.equal(readBootstrap(other), null);
  }
});
