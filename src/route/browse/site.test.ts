import assert from "node:assert/strict";
import { test } from "node:test";
import { placeOfHost } from "./site.ts";

const ONION = `${"a".repeat(55)}d.onion`;

test("a site is the registrable domain, or the key of a hidden service", () => {
  const sites: readonly (readonly [host: string, site: string])[] = [
    ["example.org", "example.org"],
    ["WWW.Example.ORG.", "example.org"],
    ["a.b.bbc.co.uk", "bbc.co.uk"],
    ["ada.github.io", "ada.github.io"],
    ["x.eve.github.io", "eve.github.io"],
    ["github.io", "github.io"],
    ["bücher.example.de", "example.de"],
    [ONION, ONION],
    [`www.mail.${ONION}`, ONION],
    ["stats.i2p", "stats.i2p"],
    ["abcd.b32.i2p", "abcd.b32.i2p"],
    ["www.abcd.b32.i2p", "abcd.b32.i2p"],
    ["library.nocturne", "library.nocturne"],
  ];
  for (const [host, site] of sites) assert.equal(placeOfHost(host)?.site, site, host);
});

test("a place is told by its name alone", () => {
  const kind = (host: string) => placeOfHost(host)?.kind;
  assert.equal(kind("example.org"), "web");
  assert.equal(kind(ONION), "onion");
  assert.equal(kind("onion"), "internal");
  assert.equal(kind("stats.i2p"), "i2p");
  assert.equal(kind("library.nocturne"), "nocturne");
  assert.equal(kind(`${ONION}.example.org`), "web");
});

test("addresses are addresses in every spelling that a browser knows", () => {
  const spellings = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0",
    "[::1]",
    "::1",
    "[::ffff:127.0.0.1]",
    "0000:0000:0000:0000:0000:0000:0000:0001",
    "１２７.0.0.1",
    "127。0。0。1",
    "fe80::1",
  ];
  for (const text of spellings) assert.equal(placeOfHost(text)?.kind, "address", text);
});

test("names of this machine and of networks nearby are internal", () => {
  const names = [
    "localhost",
    "localhost.",
    "LOCALHOST",
    "app.localhost",
    "router",
    "printer.local",
    "db.internal",
    "fritz.home.arpa",
    "x.lan",
    "1.0.0.127.in-addr.arpa",
    "ｌocalhost",
  ];
  for (const text of names) assert.equal(placeOfHost(text)?.kind, "internal", text);
});

test("what could be read as another host is no host", () => {
  const texts = [
    "",
    ".",
    "..",
    ".example.org",
    "a..b",
    "example.org/",
    "example.org/@evil",
    "user@localhost",
    "example.org:80",
    "exa mple.org",
    "example.org\0.evil.org",
    "example.org\\evil",
    "example.org?x",
    "example.org#x",
    "%6cocalhost",
    "[::1",
    "::1]",
    "1.2.3.4.5",
    "256.1.1.1",
    "x".repeat(64 * 1024),
    `${"a.".repeat(130)}org`,
  ];
  for (const text of texts) assert.equal(placeOfHost(text), null, JSON.stringify(text.slice(0, 40)));
});
