import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkNewName, hrefOf, isBelow, parentOf, readDestination, readTarget } from "./dav-path.ts";

test("paths are what the request line names, in normal form C", () => {
  const paths = {
    "/dav": "/",
    "/dav/": "/",
    "/dav/a%20b/": "/a b",
    "/dav//a//b": "/a/b",
    "/dav/Zu%CC%88rich": "/Zürich",
    "/dav/100%25": "/100%",
    "/dav/...": "/...",
  };
  for (const [target, path] of Object.entries(paths)) assert.equal(readTarget(target), path, target);
});

test("nothing but a plain path is one: no dots, no hidden separators, no fragment of another resource", () => {
  const bad = [
    "/",
    "/davx",
    "/api/../dav/a",
    "/dav/..",
    "/dav/a/../b",
    "/dav/%2e%2e/b",
    "/dav/./a",
    "/dav/a%2Fb",
    "/dav/a%00",
  ];
  for (const target of [
    ...bad,
    "/dav/a#b",
    "/dav/a?b",
    "/dav/%",
    "/dav/%ff",
    "/%64av/a",
    "http://localhost/dav/a",
    "*",
  ])
    assert.throws(() => readTarget(target), { code: "bad_path" }, target);
});

test("every path of the library has a URL that leads back to it", () => {
  const name = fc
    .string({ minLength: 1 })
    .filter((text) => !/[/\0]|^\.{1,2}$/.test(text) && text === text.normalize("NFC"));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), fc.boolean(), (names, isFolder) => {
      const path = `/${names.join("/")}`;
      const href = hrefOf(path, isFolder);
      assert.match(href, /^\/dav[!-~]*$/);
      assert.equal(readTarget(href), path);
    }),
  );
});

test("parents, and what lies below", () => {
  assert.deepEqual(["/a/b", "/a", "/"].map(parentOf), ["/a", "/", "/"]);
  assert.deepEqual(
    [isBelow("/a/b", "/a"), isBelow("/ab", "/a"), isBelow("/a", "/a"), isBelow("/a", "/"), isBelow("/", "/")],
    [true, false, false, true, false],
  );
});

test("names that the library would change are refused rather than changed", () => {
  for (const path of ["/a ", "/ a", "/a\\b", "/evil\u202egpj.exe", "/a\u0007"])
    assert.throws(() => checkNewName(path), { code: "bad_name" }, path);
  assert.throws(() => checkNewName(`/${"x".repeat(256)}`), { code: "bad_file_name" });
  for (const path of ["/._x", "/.DS_Store", "/desktop.ini", "/~$plan.docx", "/a/Thumbs.db"]) checkNewName(path);
});

test("a destination is here, by whatever name the client calls it", () => {
  const host = "127.0.0.1:8080";
  for (const url of ["/dav/a", "http://127.0.0.1:8080/dav/a", "http://127.0.0.1:8080/dav//a/"])
    assert.equal(readDestination(url, host), "/a");
  for (const url of ["http://evil.test/dav/a", "http://127.0.0.1:8081/dav/a", "http://user@127.0.0.1:8080/dav/a"])
    assert.throws(() => readDestination(url, host), { code: "elsewhere", status: 502 }, url);
  for (const url of [undefined, "", "a", "http://127.0.0.1:8080", "http://127.0.0.1:8080/api/files", "/dav/../api"])
    assert.throws(() => readDestination(url, host), { code: "bad_path" }, url);
});
