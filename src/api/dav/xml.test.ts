import assert from "node:assert/strict";
import { test } from "node:test";
import { DAV_LIMITS } from "../../core/limits.ts";
import { readXml, writeElement } from "./xml.ts";
import { escapeXml } from "./xml-text.ts";
import { readLockInfo, readPropertyUpdate, readPropfind } from "./xml-requests.ts";

const BAD = { code: "bad_xml", status: 400 };

test("entities, external or billions of them, are refused before anything is parsed", () => {
  const laughs = Array.from({ length: 30 }, (_, i) => `<!ENTITY l${i + 1} "&l${i};&l${i};&l${i};">`).join("");
  for (const type of [
    `[<!ENTITY l0 "ha">${laughs}]`,
    'SYSTEM "http://127.0.0.1:1/x"',
    '[<!ENTITY a SYSTEM "file:///etc/passwd">]',
    "",
  ]) {
    const startMs = performance.now();
    assert.throws(() => readXml(`<!DOCTYPE a ${type}><a>&l30;&a;</a>`), BAD);
    assert.ok(performance.now() - startMs < 200);
  }
  // The parser knows no entities either; that it never sees any does not rest on it.
  assert.throws(() => readXml(`<!DOCTYPE a [${laughs}]><a/>`), BAD);
  assert.throws(() => readXml("<a>&unknown;</a>"), BAD);
  assert.equal(readXml("<a>&lt;&amp;&#228;</a>").textContent, "<&ä");
});

test("size and depth are bounded: one more is refused", () => {
  const deep = (levels: number): string => "<a>".repeat(levels) + "</a>".repeat(levels);
  assert.ok(readXml(deep(DAV_LIMITS.xmlDepth)));
  assert.throws(() => readXml(deep(DAV_LIMITS.xmlDepth + 1)), BAD);
  const long = (bytes: number): string => `<a>${"ä".repeat((bytes - 7) / 2)}</a>`;
  assert.ok(readXml(long(DAV_LIMITS.xmlBytes - 1)));
  assert.throws(() => readXml(long(DAV_LIMITS.xmlBytes + 1)), { code: "xml_too_large", status: 413 });
  // The worst that fits: nested as deep as it goes, each with a namespace of its own, or with attributes alone.
  const nested = Array.from({ length: 2_400 }, (_, i) => `<a xmlns:b${i}="x">`).join("") + "</a>".repeat(2_400);
  const wide = `<a ${Array.from({ length: 5_500 }, (_, i) => `b${i}=""`).join(" ")}/>`;
  const startMs = performance.now();
  assert.throws(() => readXml(nested), BAD);
  assert.ok(readXml(wide));
  assert.ok(performance.now() - startMs < 5_000);
});

test("what is not well-formed, or names an unknown namespace, is refused", () => {
  const bad = [
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<x:a/>",
    '<a b="1" b="2"/>',
    "<a b=1/>",
    '<x:a xmlns:x=""/>',
    "<a/>text",
  ];
  for (const text of bad) assert.throws(() => readXml(text), BAD, text);
});

test("a property is kept with its namespaces and language, and stands by itself", () => {
  const text =
    '<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x" xml:lang="de"><D:set><D:prop>' +
    '<x:Farbe x:art="a &amp; b">rot &lt; <i xmlns="urn:i">blau</i></x:Farbe></D:prop></D:set>' +
    "<D:remove><D:prop><leer/></D:prop></D:remove></D:propertyupdate>";
  const [set, removed] = readPropertyUpdate(text);
  assert.deepEqual(
    [set?.name, removed],
    [
      { namespace: "urn:x", local: "Farbe" },
      { name: { namespace: "", local: "leer" }, xml: null },
    ],
  );
  const again = readXml(set?.xml ?? "");
  assert.deepEqual(
    [again.namespaceURI, again.getAttribute("xml:lang"), again.textContent],
    ["urn:x", "de", "rot < blau"],
  );
  assert.equal(writeElement(again), set?.xml);
  assert.throws(() => readPropertyUpdate(text.replace("rot", "\u0001")), BAD);
});

test("each body asks what RFC 4918 says that it asks", () => {
  const dav = (inside: string, root: string): string => `<D:${root} xmlns:D="DAV:">${inside}</D:${root}>`;
  assert.deepEqual(readPropfind(""), { kind: "all", names: [] });
  assert.deepEqual(readPropfind(dav("<D:propname/>", "propfind")), { kind: "names" });
  const names = [{ namespace: "DAV:", local: "getetag" }];
  assert.deepEqual(readPropfind(dav("<D:prop><D:getetag/></D:prop>", "propfind")), { kind: "some", names });
  const all = dav("<D:allprop/><D:include><D:getetag/></D:include>", "propfind");
  assert.deepEqual(readPropfind(all), { kind: "all", names });
  for (const text of [dav("", "propfind"), dav("<D:prop/>", "other"), "<propfind><prop/></propfind>"])
    assert.throws(() => readPropfind(text), BAD);
  const scope = "<D:lockscope><D:shared/></D:lockscope>";
  const info = readLockInfo(dav(`${scope}<D:locktype><D:write/></D:locktype><D:owner>me</D:owner>`, "lockinfo"));
  assert.deepEqual([info.scope, readXml(info.owner).textContent], ["shared", "me"]);
  assert.throws(() => readLockInfo(dav(scope, "lockinfo")), BAD);
  const owned = (bytes: number): string =>
    dav(`${scope}<D:locktype><D:write/></D:locktype><D:owner>${"x".repeat(bytes)}</D:owner>`, "lockinfo");
  assert.ok(readLockInfo(owned(DAV_LIMITS.lockOwnerBytes - 100)));
  assert.throws(() => readLockInfo(owned(DAV_LIMITS.lockOwnerBytes)), BAD);
  const asks = (count: number): string => dav(`<D:prop>${"<D:a/>".repeat(count)}</D:prop>`, "propfind");
  assert.ok(readPropfind(asks(DAV_LIMITS.propertyNames)));
  assert.throws(() => readPropfind(asks(DAV_LIMITS.propertyNames + 1)), BAD);
});

test("text becomes no markup, and what XML cannot say is replaced", () => {
  assert.equal(escapeXml(`<a href="x">&'\u0000\ud800`), "&lt;a href=&quot;x&quot;&gt;&amp;&apos;\ufffd\ufffd");
  assert.equal(readXml(`<a>${escapeXml("\u{1f600} ]]> <b>")}</a>`).textContent, "\u{1f600} ]]> <b>");
});
