import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { NocturneError, PolicyError, ValidationError } from "../../core/errors.ts";
import { type BridgeKind, bridgeLines, readBridges } from "./bridges.ts";
import type { Machine } from "./tor-binary.ts";
import { writeTorrc } from "./torrc.ts";

const PRINT = "A".repeat(40);
const OBFS4 = `obfs4 192.0.2.3:443 ${PRINT} cert=abc+/def iat-mode=0`;
/** A system whose usual places hold nothing of what tests install. */
const NOWHERE: Machine = { platform: "freebsd", path: "", home: "/nonexistent", osRelease: "ID=debian\n" };

const read = (kind: BridgeKind, ...lines: string[]): readonly string[] => readBridges({ kind, lines }).lines;

test("lines are taken as people paste them", () => {
  assert.deepEqual(read("obfs4", `  Bridge   ${OBFS4.replace(PRINT, PRINT.toLowerCase())} `, "", OBFS4), [OBFS4]);
  assert.deepEqual(read("custom", "192.0.2.3:443", `[2001:db8::1]:9001 ${PRINT}`), [
    "192.0.2.3:443",
    `[2001:db8::1]:9001 ${PRINT}`,
  ]);
  const snowflake = `snowflake 192.0.2.3:80 ${PRINT} fingerprint=${PRINT} url=https://broker.example/ ice=stun:a:3478,stun:b:3478`;
  assert.deepEqual(read("snowflake", snowflake), [snowflake]);
  assert.deepEqual(read("none", "whatever"), []);
});

test("a line that is none is named by its number, with what is wrong", () => {
  const cases: readonly (readonly [BridgeKind, readonly string[], RegExp])[] = [
    ["obfs4", [], /no line/],
    ["obfs4", [OBFS4, "hello"], /Line 2 has no address/],
    ["obfs4", ["", "# mine", "hello", OBFS4, `192.0.2.3:443`], /^Line 3 has no address.* Line 5 is no bridge of/],
    ["obfs4", ["# none"], /no line/],
    ["obfs4", [`obfs4 192.0.2.3 ${PRINT} cert=a`], /Line 1 has no address/],
    ["obfs4", [`obfs4 192.0.2.3:0 ${PRINT} cert=a`], /Line 1 has no address/],
    ["obfs4", [`obfs4 bridge.example:443 ${PRINT} cert=a`], /Line 1 has no address/],
    ["obfs4", ["obfs4 192.0.2.3:443 cert=a"], /lacks the bridge's fingerprint/],
    ["obfs4", [`obfs4 192.0.2.3:443 ${PRINT}`], /certificate/],
    ["obfs4", [`obfs4 192.0.2.3:443 ${PRINT} cert=a more`], /no setting/],
    ["obfs4", [`192.0.2.3:443 ${PRINT}`], /no bridge of the kind obfs4/],
    ["custom", [`pigeon 192.0.2.3:443 ${PRINT}`], /not known here/],
    ["custom", [`obfs4 192.0.2.3:443 ${PRINT} cert=${"a".repeat(1_024)}`], /too long/],
    ["custom", ["192.0.2.3:443\u0000"], /signs/],
    ["custom", Array.from({ length: 17 }, (_, i) => `192.0.2.${i + 1}:443`), /more than 16/],
  ];
  for (const [kind, lines, words] of cases) {
    assert.throws(
      () => readBridges({ kind, lines }),
      (error: unknown) =>
        error instanceof ValidationError && error.code === "bad_bridges" && words.test(error.message) && !!error.hint,
      `${lines.join()} ${words}`,
    );
  }
});

test("whatever is pasted is read or refused, and never another line of Tor's settings", () => {
  const piece = fc.constantFrom(
    "Bridge",
    "obfs4",
    "192.0.2.3:443",
    PRINT,
    "cert=a",
    "\n",
    "\r",
    "ControlPort 1",
    " ",
    "#",
    "\\",
    '"',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (pieces) => {
      try {
        const lines = read("custom", pieces.join(" "));
        const torrc = writeTorrc({ folder: "/tor", ownerPid: 1, extraTorrc: null, bridges: lines, plugins: [] });
        assert.equal(torrc.split("\n").filter((line) => line.startsWith("Bridge ")).length, lines.length);
        assert.doesNotMatch(torrc, /^ControlPort 1/m);
      } catch (error) {
        assert.ok(error instanceof NocturneError, String(error));
      }
    }),
  );
});

test("a transport needs its program; where it lacks, the command that installs it is told", (t) => {
  const lines = { kind: "obfs4", lines: [OBFS4] } as const;
  assert.throws(
    () => bridgeLines(lines, NOWHERE),
    (error: unknown) =>
      error instanceof PolicyError &&
      error.code === "plugin_missing" &&
      /sudo apt install obfs4proxy/.test(error.hint ?? ""),
  );
  const folder = mkdtempSync(join(tmpdir(), "nocturne-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "obfs4proxy");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  assert.deepEqual(bridgeLines(lines, { ...NOWHERE, path: folder }), {
    lines: [OBFS4],
    plugins: [`obfs4 exec ${program}`],
  });
  assert.deepEqual(bridgeLines({ kind: "none", lines: [] }, NOWHERE), { lines: [], plugins: [] });
});
