import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failureDomain } from "./failure-domain.ts";

test("neighbours share a domain, in whatever spelling", () => {
  assert.equal(failureDomain("192.0.2.7"), "192.0.2.0/24");
  assert.equal(failureDomain("::ffff:192.0.2.200"), "192.0.2.0/24");
  for (const spelling of ["2001:db8:7::1", "2001:DB8:0007:1::", "2001:0db8:7:0:0:0:0:9", "2001:db8:7::192.0.2.1"])
    assert.equal(failureDomain(spelling), "2001:db8:7::/48");
  assert.equal(failureDomain("::1"), "0:0:0::/48");
  assert.equal(failureDomain("fe80::1%eth0"), "fe80:0:0::/48");
  assert.notEqual(failureDomain("192.0.3.7"), failureDomain("192.0.2.7"));
});

test("what is no address has no domain", () => {
  for (const text of ["", "example.org", "1.2.3", "1.2.3.4.5", ":::", "[::1]", "1.2.3.256"])
    assert.equal(failureDomain(text), null, text);
});

test("every address has one domain, that of its first 24 or 48 bits", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      assert.equal(failureDomain(address), `${address.split(".").slice(0, 3).join(".")}.0/24`);
    }),
  );
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
      assert.equal(failureDomain(address), failureDomain(canonical));
    }),
  );
});
