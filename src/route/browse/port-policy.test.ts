import assert from "node:assert/strict";
import { test } from "node:test";
import { isCallHome } from "./call-home.ts";
import { judge, refused } from "./port-policy.ts";

const ONION = `${"a".repeat(55)}d.onion`;

test("web sites are reached at the ports of the web, hidden services at any", () => {
  for (const port of [80, 443, 8080, 8443]) {
    const verdict = judge("WWW.example.org", port);
    assert.deepEqual(verdict, {
      target: { host: "www.example.org", port },
      site: "example.org",
      kind: "web",
      refusal: null,
    });
  }
  for (const port of [22, 25, 6667, 9050, 9051, 3306]) {
    assert.equal(judge("example.org", port).refusal, "port_refused");
    assert.equal(judge(ONION, port).refusal, null);
    assert.equal(judge("stats.i2p", port).refusal, null);
  }
  for (const port of [0, -1, 65_536, 80.5, Number.NaN]) assert.equal(judge(ONION, port).refusal, "bad_target");
});

test("nothing nearby is reached, whatever its port", () => {
  for (const port of [80, 443, 8080]) {
    for (const host of [
      "127.0.0.1",
      "[::1]",
      "0x7f000001",
      "2130706433",
      "192.168.1.1",
      "169.254.169.254",
      "8.8.8.8",
    ]) {
      assert.equal(judge(host, port).refusal, "address_refused", host);
    }
    for (const host of ["localhost", "localhost.", "router", "nas.local", "x.internal"]) {
      assert.equal(judge(host, port).refusal, "internal_refused", host);
    }
  }
});

test("browsers do not call their makers, and what looks alike is not blocked", () => {
  const blocked = ["clients2.google.com", "update.googleapis.com", "ACCOUNTS.google.com.", "r1---sn.x.gvt1.com"];
  for (const host of blocked) assert.equal(judge(host, 443).refusal, "call_home_refused", host);
  for (const host of ["www.google.com", "clients2.google.com.evil.org", "xgvt1.com", "constructor.org"]) {
    assert.equal(judge(host, 443).refusal, null, host);
  }
  assert.equal(isCallHome("constructor"), false);
});

test("a refusal says what to do, and not for which host", () => {
  for (const code of ["bad_target", "address_refused", "internal_refused", "port_refused", "no_route_there"] as const) {
    const error = refused(code);
    assert.equal(error.code, code);
    assert.match(error.message, /\.$/);
    assert.match(error.hint ?? "", /\.$/);
  }
});
