import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, beforeEach, test } from "node:test";
import { PolicyError, UsageError } from "../core/errors.ts";
import { type ConfigFlags, readConfig } from "./config.ts";

const dataDir = mkdtempSync(join(tmpdir(), "nocturne-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));
const write = (content: unknown): void =>
  writeFileSync(join(dataDir, "config.json"), typeof content === "string" ? content : JSON.stringify(content));
beforeEach(() => write({}));

test("without a word said everything has a default", () => {
  assert.deepEqual(readConfig({}, {}), {
    dataDir: resolve("data"),
    port: 8080,
    relays: [],
    embeddedRelay: true,
    relayPort: null,
    secret: null,
    tracker: null,
    genesisKey: null,
    logLevel: "warn",
    cover: null,
    chaff: 0,
    route: null,
    torrc: null,
    searchPath: "",
    browserEnvironment: { TZ: "UTC", LANG: "en_US.UTF-8", LANGUAGE: "en_US" },
    sam: { host: "127.0.0.1", port: 7656 },
    store: null,
  });
});

test("a bucket is named by its address, its key stays out of files and of what children inherit", () => {
  const url = "https://s3.example/bucket/nocturne";
  const read = (NOCTURNE_STORE: string, NOCTURNE_STORE_KEY = "id:se:cret") =>
    readConfig({ dataDir }, { NOCTURNE_STORE, NOCTURNE_STORE_KEY }).store;
  assert.deepEqual(read(`${url}/?region=eu-1`), { url, region: "eu-1", keyId: "id", secret: "se:cret" });
  assert.equal(read(url)?.region, "auto");
  assert.equal(read("http://127.0.0.1:9000/bucket")?.url, "http://127.0.0.1:9000/bucket");
  const refused = [
    "http://s3.example/bucket",
    "https://s3.example",
    "https://s3.example/",
    "https://id:secret@s3.example/bucket",
    "https://s3.example/bucket?key=secret",
    "https://s3.example/bucket#secret",
    "ftp://s3.example/bucket",
    "bucket",
  ];
  for (const place of refused) assert.throws(() => read(place), { code: "bad_option" }, place);
  assert.throws(() => read(url, ""), /no NOCTURNE_STORE_KEY/);
  assert.throws(() => read("", "id:secret"), /no NOCTURNE_STORE\./);
  assert.throws(() => read(url, "without a colon"), { code: "bad_option" });

  write({ store: url });
  const environment = { NOCTURNE_STORE_KEY: "id:secret" };
  assert.equal(readConfig({ dataDir }, environment).store?.url, url);
  assert.deepEqual(environment, {});
  write({ store: url, storeKey: "id:secret" });
  assert.throws(() => readConfig({ dataDir }, {}), /unknown key "storeKey"/);
});

test("flag, then environment, then file, then default", () => {
  write({ port: 3, relays: ["ws://file.example"], embeddedRelay: false, logLevel: "info" });
  const environment = { PORT: "2", NOCTURNE_DATA_DIR: dataDir };
  assert.equal(readConfig({ port: "1" }, environment).port, 1);
  assert.equal(readConfig({}, environment).port, 2);
  assert.equal(readConfig({}, { ...environment, PORT: "" }).port, 3, "an empty variable says nothing");
  assert.equal(readConfig({ embeddedRelay: true }, environment).embeddedRelay, false, "the flag is only ever a no");
  assert.deepEqual(readConfig({ relay: [] }, environment).relays, ["ws://file.example"]);
  assert.deepEqual(readConfig({ relay: ["wss://A.example/", "wss://a.example"] }, environment).relays, [
    "wss://a.example",
  ]);
  assert.equal(readConfig({ verbose: true }, environment).logLevel, "debug");
  assert.equal(readConfig({ dataDir: "/elsewhere" }, environment).dataDir, "/elsewhere");
});

test("the secret is taken out of the environment, even when something else is wrong", () => {
  const environment: NodeJS.ProcessEnv = { NOCTURNE_SECRET: "a secret that is long enough" };
  assert.equal(readConfig({}, environment).secret, "a secret that is long enough");
  assert.deepEqual(environment, {});
  const wrong: NodeJS.ProcessEnv = { NOCTURNE_SECRET: "a secret that is long enough", PORT: "x" };
  assert.throws(() => readConfig({}, wrong), UsageError);
  assert.equal("NOCTURNE_SECRET" in wrong, false);
});

test("what cannot be used is named by its source, with a suggestion, and never repeated", () => {
  const bad: readonly (readonly [ConfigFlags, NodeJS.ProcessEnv, string])[] = [
    [{ port: "80a" }, {}, "--port"],
    [{ port: "65536" }, {}, "--port"],
    [{ port: -1 }, {}, "--port"],
    [{ port: "1e3" }, {}, "--port"],
    [{ relayPort: "x" }, {}, "--relay-port"],
    [{ chaff: "3601" }, {}, "--chaff"],
    [{ chaff: "-1" }, {}, "--chaff"],
    [{ chaff: "1.5" }, {}, "--chaff"],
    [{ relay: ["https://relay.example"] }, {}, "--relay"],
    [{ relay: ["wss://user:pass@relay.example"] }, {}, "--relay"],
    [{}, { PORT: "http" }, "PORT"],
    [{}, { NOCTURNE_SECRET: "short" }, "NOCTURNE_SECRET"],
    [{}, { NOCTURNE_TRACKER: "not a url" }, "NOCTURNE_TRACKER"],
    [{}, { NOCTURNE_GENESIS_KEY: "abc" }, "NOCTURNE_GENESIS_KEY"],
    [{ cover: "loud" }, {}, "--cover"],
    [{ route: "pigeon" }, {}, "--route"],
    [{}, { NOCTURNE_TORRC: "/no/such/file" }, "NOCTURNE_TORRC"],
    [{}, { NOCTURNE_SAM: "127.0.0.1" }, "NOCTURNE_SAM"],
    [{}, { NOCTURNE_SAM: "user:pass@127.0.0.1:7656" }, "NOCTURNE_SAM"],
  ];
  for (const [flags, environment, source] of bad) {
    assert.throws(
      () => readConfig(flags, { ...environment }),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.includes(source) && error.hint, error.message);
        assert.doesNotMatch(error.message, /pass@|short/);
        return true;
      },
      source,
    );
  }
});

test("a file that says something unknown or unreadable is refused by name", () => {
  for (const content of ["{", "[]", '"x"', { prot: 1 }, { secret: "a secret that is long enough" }, { port: "x" }]) {
    write(content);
    assert.throws(() => readConfig({ dataDir }, {}), UsageError, JSON.stringify(content));
  }
  write({ prot: 1 });
  assert.throws(() => readConfig({ dataDir }, {}), /"prot"/);
});

test("a protection that cannot be given is refused, not weakened", () => {
  assert.throws(() => readConfig({ route: "mix" }, {}), PolicyError);
  assert.throws(() => readConfig({}, { NOCTURNE_ROUTE: "mix" }), PolicyError);
  for (const route of ["direct", "tor"]) assert.equal(readConfig({ route }, {}).route, route);
  assert.equal(readConfig({ route: "tor" }, { NOCTURNE_ROUTE: "direct" }).route, "tor");
});

test("cover is what was asked for; off is fast, which has no stream", () => {
  for (const cover of ["stealth", "balanced", "fast"]) assert.equal(readConfig({ cover }, {}).cover, cover);
  assert.equal(readConfig({ cover: "off" }, {}).cover, "fast");
});
