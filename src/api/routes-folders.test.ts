import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as v from "valibot";
import { type ApiNode, startApiNode } from "../../test/support/api-node.ts";
import { utf8Encode } from "../core/bytes.ts";
import type { FileSpace, FileVersion, FileView, FolderListing, FolderView, FoundFiles, TrashView } from "./contract.ts";
import {
  fileSchema,
  fileSpaceSchema,
  fileVersionsSchema,
  folderListingSchema,
  folderSchema,
  foundFilesSchema,
  trashSchema,
} from "./schemas.ts";

let node: ApiNode;
before(async () => {
  node = await startApiNode();
});
after(() => node.close());

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await node.call<T>(method, path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const put = (query: Record<string, string>, content: string) =>
  ask<FileView>("PUT", `/api/files?${new URLSearchParams(query).toString()}`, utf8Encode(content));
const list = (folder: string) => ask<FolderListing>("GET", `/api/folders?folder=${encodeURIComponent(folder)}`);

test("folders: made, listed by id and by path, renamed, moved, found, deleted and restored", async () => {
  const plans = await ask<FolderView>("POST", "/api/folders", { name: "Plans" });
  v.assert(folderSchema, plans);
  const inner = await ask<FolderView>("POST", "/api/folders", { name: "2026", folder: "/Plans" });
  const file = await put({ name: "a.txt", folder: inner.id }, "hello");
  v.assert(fileSchema, file);
  assert.equal(file.path, "/Plans/2026/a.txt");
  const listing = await list("/Plans/2026");
  v.assert(folderListingSchema, listing);
  assert.deepEqual(listing, { crumbs: [plans, inner], folders: [], files: [file] });
  assert.deepEqual(await list(inner.id), listing);
  const moved = await ask<FolderView>("PATCH", `/api/folders/${inner.id}`, { folder: "/", name: "This year" });
  assert.deepEqual([moved.path, moved.folder], ["/This year", null]);
  assert.equal(
    (await ask<FileView>("PATCH", `/api/files/${file.id}`, { folder: plans.id, name: "b.txt" })).path,
    "/Plans/b.txt",
  );
  const copy = await ask<FileView>("POST", `/api/files/${file.id}/copy`, {});
  assert.equal(copy.path, "/Plans/b (1).txt");
  const found = await ask<FoundFiles>("GET", "/api/files/search?q=B.TXT");
  v.assert(foundFilesSchema, found);
  assert.equal(found.files[0]?.id, file.id);
  await ask("DELETE", `/api/folders/${plans.id}`);
  assert.equal((await node.call("GET", `/api/files/${file.id}`)).status, 404);
  const trash = await ask<TrashView>("GET", "/api/trash");
  v.assert(trashSchema, trash);
  assert.deepEqual(
    trash.entries.map(({ id, kind, bytes }) => ({ id, kind, bytes })),
    [{ id: plans.id, kind: "folder", bytes: 10 }],
  );
  await ask("POST", `/api/trash/${plans.id}`);
  assert.equal((await ask<FileView>("GET", `/api/files/${file.id}`)).path, "/Plans/b.txt");
  await ask("DELETE", `/api/folders/${plans.id}?forever=true`);
  assert.deepEqual(await ask("GET", "/api/trash"), { entries: [], bytes: 0 });
});

test("versions and the trash: each content can be had, brought back and deleted for good", async () => {
  const { id } = await put({ name: "v.txt" }, "one");
  assert.equal((await put({ name: "v.txt", taken: "version" }, "second")).id, id);
  assert.equal((await put({ name: "v.txt" }, "other")).name, "v (1).txt");
  const versions = await ask<FileVersion[]>("GET", `/api/files/${id}/versions`);
  v.assert(fileVersionsSchema, versions);
  const version = versions[0]?.id ?? "";
  assert.equal(await ask<string>("POST", `/api/files/${id}/content`, { version }), "one");
  await ask("POST", `/api/files/${id}/versions/${version}`);
  assert.equal(await ask<string>("POST", `/api/files/${id}/content`, {}), "one");
  const space = await ask<FileSpace>("GET", "/api/files/space");
  v.assert(fileSpaceSchema, space);
  assert.equal(space.versionBytes, 6);
  const second = (await ask<FileVersion[]>("GET", `/api/files/${id}/versions`))[0]?.id ?? "";
  await ask("DELETE", `/api/files/${id}/versions/${second}`);
  assert.equal((await node.call("POST", `/api/files/${id}/content`, { version: second })).status, 404);
  await ask("DELETE", `/api/files/${id}`);
  await ask("DELETE", `/api/trash/${id}`);
  assert.equal((await node.call("POST", `/api/trash/${id}`)).status, 404);
  await put({ name: "w.txt" }, "w");
  await ask("DELETE", "/api/trash");
});

test("a part of a file is sent as such", async () => {
  const { id } = await put({ name: "part.txt" }, "0123456789");
  const part = (range: string) => node.call<string>("POST", `/api/files/${id}/content`, {}, { range });
  const middle = await part("bytes=2-4");
  assert.deepEqual([middle.status, middle.body, middle.headers.get("content-range")], [206, "234", "bytes 2-4/10"]);
  assert.equal((await part("bytes=7-")).body, "789");
  assert.equal((await part("bytes=5-99")).body, "56789");
  assert.equal((await part("bytes=10-")).status, 416);
});

test("what cannot be is refused by its name and changes nothing", async () => {
  const outer = await ask<FolderView>("POST", "/api/folders", { name: "outer" });
  const inner = await ask<FolderView>("POST", "/api/folders", { name: "inner", folder: outer.id });
  const before = await list("/");
  const refusals: readonly (readonly [string, string, unknown, number, string])[] = [
    ["POST", "/api/folders", { name: "outer" }, 409, "name_taken"],
    ["POST", "/api/folders", { name: ".." }, 400, "bad_file_name"],
    ["POST", "/api/folders", {}, 400, "bad_request"],
    ["POST", "/api/folders", { name: "x", folder: "0000" }, 404, "unknown_folder"],
    ["GET", "/api/folders?folder=%2Fnone", undefined, 404, "unknown_folder"],
    ["PATCH", `/api/folders/${outer.id}`, { folder: inner.id }, 400, "folder_into_itself"],
    ["PATCH", `/api/files/${outer.id}`, { name: "x" }, 404, "unknown_file"],
    ["DELETE", `/api/files/${outer.id}`, undefined, 404, "unknown_file"],
    ["PUT", "/api/files?name=outer&taken=version", utf8Encode("x"), 409, "name_taken"],
    ["PUT", "/api/files?name=x&folder=0000", utf8Encode("x"), 404, "unknown_folder"],
    ["GET", "/api/files/0000/versions", undefined, 404, "unknown_file"],
    ["DELETE", `/api/trash/${outer.id}`, undefined, 404, "unknown_file"],
    ["GET", `/api/files/search?q=${"x".repeat(257)}`, undefined, 400, "bad_request"],
  ];
  for (const [method, path, body, status, code] of refusals) {
    const answer = await node.call<{ error: { code: string } }>(method, path, body);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], `${method} ${path}`);
  }
  assert.deepEqual(await list("/"), before);
});
