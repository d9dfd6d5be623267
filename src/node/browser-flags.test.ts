import assert from "node:assert/strict";
import { test } from "node:test";
import { browserArguments, browserEnvironment } from "./browser-flags.ts";

const ONION = `http://${"a".repeat(55)}d.onion`;
const start = { profile: "/tmp/p", port: 9_999, url: null, asRoot: false };

test("everything goes by the window's proxy, also what the browser thinks is nearby", () => {
  const flags = browserArguments(start);
  for (const flag of [
    "--proxy-server=http://127.0.0.1:9999",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-quic",
  ]) {
    assert.ok(flags.includes(flag), flag);
  }
});

test("the sandbox is left out for root alone", () => {
  assert.equal(browserArguments(start).includes("--no-sandbox"), false);
  assert.equal(browserArguments({ ...start, asRoot: true }).includes("--no-sandbox"), true);
});

test("only an onion page that the window is opened for counts as secure over http", () => {
  const secure = (url: string) =>
    browserArguments({ ...start, url }).filter((flag) => flag.includes("insecure-origin"));
  assert.deepEqual(secure(`${ONION}/s/abc#secret`), [`--unsafely-treat-insecure-origin-as-secure=${ONION}`]);
  assert.deepEqual(secure("http://example.org/"), []);
  assert.deepEqual(secure("http://example.org/.onion"), []);
});

test("the browser gets no secret, no proxy and no time zone of ours", () => {
  const ours = {
    PATH: "/bin",
    DISPLAY: ":0",
    NOCTURNE_SECRET: "s",
    http_proxy: "http://x",
    TZ: "Europe/Berlin",
    LANG: "de",
  };
  assert.deepEqual(browserEnvironment(ours), {
    PATH: "/bin",
    DISPLAY: ":0",
    TZ: "UTC",
    LANG: "en_US.UTF-8",
    LANGUAGE: "en_US",
  });
});
