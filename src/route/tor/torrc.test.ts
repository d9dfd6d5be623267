/** The torrc: what we rely on comes last, nothing handed in can add a setting, long paths fall back to ports. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { controlListening, socksListening, writeTorrc } from "./torrc.ts";

const parts = { folder: "/home/ann/nocturne/tor", ownerPid: 42, extraTorrc: null, bridges: [], plugins: [] };

test("sockets in our folder, a cookie, an owner, and no relay", () => {
  const lines = writeTorrc(parts).trimEnd().split("\n");
  for (const wanted of [
    'DataDirectory "/home/ann/nocturne/tor/data"',
    'SocksPort unix:"/home/ann/nocturne/tor/socks" IsolateSOCKSAuth',
    'ControlPort unix:"/home/ann/nocturne/tor/control"',
    "CookieAuthentication 1",
    "__OwningControllerProcess 42",
    "ClientOnly 1",
    "SafeLogging 1",
    "AvoidDiskWrites 1",
  ]) {
    assert.ok(lines.includes(wanted), wanted);
  }
  assert.ok(!lines.some((line) => /^(ORPort|DirPort|UseBridges|%include)/.test(line)));
});

test("further settings come before what we rely on, so that they cannot undo it", () => {
  const lines = writeTorrc({ ...parts, extraTorrc: "/etc/my #1 torrc" }).split("\n");
  const include = lines.indexOf('%include "/etc/my #1 torrc"');
  assert.ok(include > 0);
  for (const ours of ["ClientOnly 1", "CookieAuthentication 1"]) assert.ok(lines.indexOf(ours) > include, ours);
});

test("bridges and their plugins", () => {
  const text = writeTorrc({ ...parts, bridges: ["obfs4 1.2.3.4:443 AB cert=x"], plugins: ["obfs4 exec /usr/bin/p"] });
  assert.match(
    text,
    /^UseBridges 1\nClientTransportPlugin obfs4 exec \/usr\/bin\/p\nBridge obfs4 1\.2\.3\.4:443 AB cert=x$/m,
  );
});

test("nothing that is handed in can add a setting", () => {
  const evil = "x\nClientTransportPlugin obfs4 exec /tmp/evil";
  for (const wrong of [evil, "x\r", "x\0", "x\u2028y", "", "  ", "joins the next line \\"]) {
    assert.throws(() => writeTorrc({ ...parts, bridges: [wrong] }), { code: "bad_tor_setting" }, JSON.stringify(wrong));
    assert.throws(() => writeTorrc({ ...parts, plugins: [wrong] }), { code: "bad_tor_setting" });
  }
  assert.throws(() => writeTorrc({ ...parts, extraTorrc: evil }), { code: "bad_tor_setting" });
  assert.throws(() => writeTorrc({ ...parts, folder: `/${evil}` }), { code: "bad_tor_setting" });
  assert.match(writeTorrc({ ...parts, folder: '/a "b"' }), /^DataDirectory "\/a \\"b\\"\/data"$/m);
});

test("a path that no socket can have, or that torrc would cut, falls back to a port that Tor picks", () => {
  for (const folder of [`/${"long/".repeat(20)}`, "/with#hash", "C:\\Users\\ann", "relative"]) {
    assert.ok("portFile" in controlListening(folder), folder);
    assert.ok("portFile" in socksListening(folder), folder);
    const text = writeTorrc({ ...parts, folder });
    assert.match(text, /^SocksPort 127\.0\.0\.1:auto IsolateSOCKSAuth$/m);
    assert.match(text, /^ControlPort 127\.0\.0\.1:auto\nControlPortWriteToFile "/m);
  }
});
