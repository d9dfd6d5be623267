/** Files as they are shown in the app: small pictures, previews, and what a hostile file gains by being shown. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { before, type TestContext, test } from "node:test";
import type { Locator, Page, Request } from "playwright-core";
import type { FileView, PreviewTicket, ThumbnailView } from "../../src/api/contract.ts";
import { callSocket } from "../support/api-node.ts";
import { launchBrowser } from "../support/browser.ts";
import { atEnd } from "../support/cleanup.ts";
import { blackPng, noisePng, onePagePdf, silentWav } from "../support/media.ts";
import { type NocturneProcess, startNocturne, temporaryFolder } from "../support/nocturne-process.ts";
import { askUntil, waitUntil } from "../support/wait.ts";
import { buildPages, DESK, follow, hears, launchLink, openApp, PHONE, press } from "../support/web-app.ts";

before(buildPages);

const SECRET_PLACE = "48.2082,16.3738";
const PASSWORD = "correct horse";
const DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

// What runs in the page is text here: these tests are checked without the types of a browser.

const LISTEN = `{
  document.cookie = "of=the-page";
  localStorage.setItem("nocturne-preferences", "{}");
  window.heard = [];
  addEventListener("message", ({ data }) => heard.push(data));
}`;

/** Until it has said what it reached, where that is expected; else for a while in which it could. */
const FRAME = `async (address, isSandboxed, isExpected) => {
  const element = document.createElement("iframe");
  if (isSandboxed) element.setAttribute("sandbox", "");
  element.src = address;
  const loaded = new Promise((resolve) => element.addEventListener("load", resolve));
  document.body.append(element);
  await loaded;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  if (!isExpected) await pause(300);
  else for (let i = 0; i < 400 && !heard.some(({ status }) => status !== undefined); i++) await pause(50);
  element.remove();
}`;

/** A square that changes its colour, for half a second or until the browser has recorded something of it. */
const FILM = `(async () => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [320, 240];
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" });
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
  recorder.start(100);
  for (let i = 0; i < 400 && (i < 10 || !parts.some(({ size }) => size > 0)); i++) {
    context.fillStyle = "hsl(" + 36 * i + " 80% 50%)";
    context.fillRect(0, 0, 320, 240);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await ended;
  return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
})()`;

/** As much of a browser's elements as is asked here. */
interface Picture {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  decode(): Promise<void>;
}

interface Player {
  readonly readyState: number;
  readonly duration: number;
  currentTime: number;
  addEventListener(event: string, listener: (event: unknown) => void, options: { once: true }): void;
}

const sizeOf = async (image: Picture): Promise<number[]> => {
  await image.decode();
  return [image.naturalWidth, image.naturalHeight];
};

/** To the fiftieth minute. */
const seekIn = async (player: Player): Promise<number[]> => {
  const heard = (event: string): Promise<unknown> =>
    new Promise((resolve) => player.addEventListener(event, resolve, { once: true }));
  if (player.readyState < 1) await heard("loadedmetadata");
  player.currentTime = 3_000;
  await heard("seeked");
  return [player.duration, player.currentTime];
};

interface World {
  readonly node: NocturneProcess;
  readonly page: Page;
  readonly complaints: string[];
  put(name: string, content: string | Uint8Array, ...more: string[]): Promise<FileView>;
}

/** Else the browser holds a control's answer, which comes from no address, for a page of the internet. */
const BROWSER_ARGUMENTS = ["--disable-features=LocalNetworkAccessChecks"];

/** `whole`: with the viewer of PDFs. */
async function openWorld(t: TestContext, options: { readonly whole?: boolean } = {}): Promise<World | null> {
  const browser = await launchBrowser(t, BROWSER_ARGUMENTS, options);
  if (!browser) return null;
  const node = await startNocturne(t);
  const complaints: string[] = [];
  const page = await openApp(browser, node, complaints);
  const folder = temporaryFolder(t);
  const put: World["put"] = async (name, content, ...more) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    const { json, code, stderr } = await node.run<FileView>(["files", "put", path, ...more, "--json"], {
      stdin: PASSWORD,
    });
    assert.equal(code, 0, stderr);
    return json;
  };
  return { node, page, complaints, put };
}

async function thumbnailOf({ node }: World, { id }: FileView): Promise<ThumbnailView["picture"]> {
  const path = `/api/files/${id}/thumbnail`;
  return (await callSocket<ThumbnailView>(join(node.dataDir, "nocturne.sock"), "GET", path)).body.picture;
}

/** The card of a file in the grid. */
const card = (page: Page, name: string): Locator => page.getByRole("listitem").filter({ hasText: name });
const fileButton = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });
const shown = (page: Page): Locator => page.getByRole("dialog");

function isShown(request: Request): boolean {
  return request.method() === "GET" && request.url().includes("/api/files/preview/");
}

test("the browser makes small pictures of images and films, of pixels alone, and a grid shows them", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, node } = world;
  const photo = await world.put("photo.png", noisePng(900, 600, SECRET_PLACE));
  const bomb = await world.put("bomb.png", blackPng(9_000, 9_000));
  const large = await world.put("large.png", blackPng(3_000, 3_000));
  const locked = await world.put("locked.png", noisePng(64, 64, ""), "--password-stdin");
  const broken = await world.put("broken.png", "no picture at all");
  const film = await world.put("film.webm", Buffer.from(await page.evaluate<number[]>(FILM)));
  await follow(page, "Files");
  await press(page, "Show as a grid");
  for (const name of ["photo.png", "large.png", "film.webm"]) await card(page, name).locator("img").waitFor();
  const picture = (await thumbnailOf(world, photo)) ?? assert.fail();
  const bytes = Buffer.from(picture.bytes, "base64url");
  assert.equal(picture.type, "image/webp");
  assert.ok(bytes.length <= 16_384);
  assert.equal(bytes.includes(SECRET_PLACE), false, "the photograph says where it was made, its thumbnail does not");
  assert.deepEqual(await card(page, "photo.png").locator("img").evaluate(sizeOf), [256, 171]);
  assert.ok((await thumbnailOf(world, large)) && (await thumbnailOf(world, film)));
  for (const file of [bomb, locked, broken]) {
    await card(page, file.name).waitFor();
    assert.equal(await thumbnailOf(world, file), null, file.name);
    assert.equal(await card(page, file.name).locator("img").count(), 0);
  }
  await card(page, "locked.png").getByLabel("Has a password").waitFor();
  await looksWell(page);

  await page.goto("about:blank");
  await page.goto(await launchLink(node));
  await follow(page, "Files");
  await card(page, "photo.png").locator("img").waitFor(); // the choice of the grid is kept
  await fileButton(page, "photo.png").press("Space");
  await shown(page).getByRole("img", { name: "photo.png" }).waitFor();
  await page.keyboard.press("Escape");
  await press(page, "Show as a list");
  await fileButton(page, "Download photo.png").waitFor();
  assert.deepEqual(world.complaints, []);
});

async function looksWell(page: Page): Promise<void> {
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    await card(page, "large.png").locator("img").waitFor(); // in sight at both sizes
    await picture(page, `grid-${size.width}`);
    await page.getByText(/ taken, /).click();
    await page.getByRole("table", { name: "Space" }).waitFor();
    await picture(page, `space-${size.width}`);
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    assert.ok(overflow <= 0, `${size.width}: ${overflow} px too wide`);
    await page.getByText(/ taken, /).click();
    await page.getByRole("table", { name: "Space" }).waitFor({ state: "hidden" });
    await fileButton(page, "large.png").press("Enter"); // what was below the table still moves: a click may miss it
    await shown(page).getByRole("img").waitFor();
    await picture(page, `image-${size.width}`);
    await page.keyboard.press("Escape");
  }
}

/** Kept where NOCTURNE_SCREENSHOTS says, for people to look at. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["NOCTURNE_SCREENSHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
}

test("files of each kind are shown, one after the other by the arrow keys", async (t) => {
  const world = await openWorld(t, { whole: true });
  if (!world) return;
  const { page } = world;
  await world.put("1 photo.png", noisePng(900, 600, ""));
  await world.put("2 page.html", "<h1>Not a heading</h1><script>document.title = 'owned'</script>");
  await world.put("3 drawing.svg", DRAWING);
  await world.put("4 letter.pdf", onePagePdf("Good morning"));
  await world.put("5 notes.txt", `${"a line of text\n".repeat(20_000)}the end`);
  await world.put("6 archive.zip", "some words");
  await world.put("7 locked.txt", "behind a password", "--password-stdin");
  const recording = await world.put("8 meeting.wav", silentWav(3_600));
  await follow(page, "Files");
  await fileButton(page, "1 photo.png").click();
  await shown(page).getByText("1 of 8").waitFor();
  const image = shown(page).getByRole("img", { name: "1 photo.png" });
  assert.deepEqual(await image.evaluate(sizeOf), [900, 600]);
  const ended = page.waitForRequest((request) => request.method() === "DELETE");
  await page.keyboard.press("ArrowLeft");
  await shown(page).getByText("1 of 8").waitFor();
  await page.keyboard.press("ArrowRight");
  await shown(page).getByText("<h1>Not a heading</h1>").waitFor();
  assert.match((await ended).url(), /\/api\/files\/preview\//, "the node is told that the picture is left");
  assert.doesNotMatch(await page.title(), /owned/);
  await page.keyboard.press("ArrowRight");
  await shown(page).getByRole("img", { name: "3 drawing.svg" }).waitFor();
  const types: (string | undefined)[] = [];
  page.on("response", (answer) => isShown(answer.request()) && types.push(answer.headers()["content-type"]));
  await page.keyboard.press("ArrowRight");
  // The answer with the drawing may come only now.
  await waitUntil("the letter comes", () => types.includes("application/pdf"));
  await shown(page).locator("iframe").waitFor();
  await picture(page, "pdf");
  await shown(page).getByRole("button", { name: "Next file" }).click();
  await shown(page).getByText("This is the beginning.").waitFor();
  assert.equal(await shown(page).getByText("the end").count(), 0);
  await page.keyboard.press("ArrowRight");
  await press(page, "Show as text");
  await shown(page).getByText("some words").waitFor();
  await page.keyboard.press("ArrowRight");
  await showLocked(world);
  await page.keyboard.press("ArrowRight");
  await seek(page, recording);
  await page.keyboard.press("Escape");
  await shown(page).waitFor({ state: "detached" });
  const focused = (): Promise<string> => page.evaluate<string>("document.activeElement.textContent");
  await askUntil("the focus is back", focused, (text) => text === "1 photo.png");
  assert.deepEqual(world.complaints, []);
});

async function showLocked({ page, complaints }: World): Promise<void> {
  const field = shown(page).getByLabel("Password of this file", { exact: true });
  await field.fill("wrong");
  await press(page, "Show");
  await shown(page).getByRole("alert").waitFor();
  await waitUntil("the refusal is in the console", () => complaints.length > 0);
  assert.match(complaints.splice(0).join("\n"), /^Failed to load resource: .* 4\d\d [^\n]*$/);
  await field.fill(PASSWORD);
  await press(page, "Show");
  await shown(page).getByText("behind a password").waitFor();
  const saved = page.waitForEvent("download");
  await shown(page).getByRole("button", { name: "Download", exact: true }).click();
  assert.equal((await saved).suggestedFilename(), "7 locked.txt");
}

/** An hour of sound: to hear its end, the player asks for its end. */
async function seek(page: Page, { bytes }: FileView): Promise<void> {
  const starts: number[] = [];
  page.on("request", (request) => {
    if (isShown(request)) starts.push(Number(/^bytes=(\d+)-/.exec(request.headers()["range"] ?? "")?.[1]));
  });
  assert.deepEqual(await page.locator("audio").evaluate(seekIn), [3_600, 3_000]);
  assert.ok(
    starts.some((start) => start > 0.8 * bytes && start < bytes),
    `asked from ${starts}`,
  );
}

test("versions are shown, saved and deleted, the trash lets go of one thing, and what is alike counts once", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page, node } = world;
  await world.put("a.bin", new Uint8Array(300_000));
  await world.put("b.bin", new Uint8Array(300_000));
  await follow(page, "Files");
  await page.getByText(/^300 KB taken, .* free$/).click();
  const table = page.getByRole("table", { name: "Space" });
  await table.getByRole("row", { name: "Files 600 KB" }).waitFor();
  await table.getByRole("row", { name: "Saved, because alike −300 KB" }).waitFor();
  const space = await node.run<Record<string, number>>(["files", "space", "--json"]);
  assert.deepEqual([space.json["bytes"], space.json["diskBytes"], space.json["trashBytes"]], [600_000, 300_000, 0]);
  assert.match((await node.run(["files", "space"])).stdout, /Saved, because alike +293\.0 KiB/);

  await world.put("plan.txt", "the first plan");
  await world.put("plan.txt", "the second plan", "--replace");
  await page.getByText("1 earlier, 14 B").waitFor();
  await fileButton(page, "More for plan.txt").click();
  await page.getByRole("menuitem", { name: "Earlier versions" }).click();
  await press(page, /^Show the version of/);
  await page.getByText("the first plan").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("the first plan").waitFor({ state: "detached" });
  const saved = page.waitForEvent("download");
  await press(page, /^Download the version of/);
  const content = (await (await saved).createReadStream()).setEncoding("utf8");
  assert.deepEqual(await content.toArray(), ["the first plan"]);
  await press(page, /^Delete the version of/);
  await press(page, "Delete for good");
  await page.getByText("None is left.").waitFor();
  await page.keyboard.press("Escape");

  for (const name of ["plan.txt", "a.bin", "b.bin"]) await node.run(["files", "rm", `/${name}`]);
  await hears(page, "No files yet");
  await page.getByRole("link", { name: "Trash" }).click();
  await press(page, "Delete a.bin for good");
  await hears(page, "Delete a.bin for good?");
  await press(page, "Delete for good");
  await fileButton(page, "Restore a.bin").waitFor({ state: "detached" });
  await press(page, "Restore b.bin");
  await fileButton(page, "Restore b.bin").waitFor({ state: "detached" });
  const { json } = await node.run<FileView[]>(["files", "ls", "--json"]);
  assert.deepEqual(
    json.map(({ name }) => name),
    ["b.bin"],
  );
  const got = await node.run(["files", "get", "/b.bin", "-o", "-"]);
  assert.equal(got.stdout.length, 300_000, "the one that is alike is whole");
  assert.deepEqual(world.complaints, []);
});

/** What a file would do that had the rights of the page: it says what it reached. */
function attackOn(evilPort: number): string {
  return `
    const reached = { ran: true };
    const tell = (name, value) => { reached[name] = String(value); };
    try { tell("parent", parent.document.title); } catch {}
    try { tell("cookie", document.cookie); } catch {}
    try { tell("storage", localStorage.getItem("nocturne-preferences")); } catch {}
    new Image().src = "http://127.0.0.1:${evilPort}/leak";
    fetch("/api/status").then((answer) => tell("status", answer.status), () => {}).then(() => top.postMessage(reached, "*"));`;
}

interface Reached {
  readonly ran: true;
  readonly parent?: string;
  readonly cookie?: string;
  readonly storage?: string;
  readonly status?: string;
}

test("a hostile file that is shown runs nothing, reads nothing and reaches nobody, by either of two walls", async (t) => {
  const world = await openWorld(t);
  if (!world) return;
  const { page } = world;
  const leaks = { count: 0 };
  const outside = createServer((_, answer) => void answer.end(String(++leaks.count))).listen(0, "127.0.0.1");
  await once(outside, "listening");
  atEnd(t, () => outside.close());
  const { svg, html } = hostileFiles((outside.address() as AddressInfo).port);
  const drawing = await world.put("evil.svg", svg);
  const disguised = await world.put("evil.png", html);
  const document = await world.put("evil.html", html);
  let session = "";
  page.on("request", (request) => void (session = request.headers()["x-nocturne-session"] ?? session));
  await follow(page, "Files");
  await page.evaluate(LISTEN);

  // As a person would see them.
  await fileButton(page, "evil.html").click();
  await shown(page).getByText("<!doctype html>").waitFor();
  await page.keyboard.press("Escape");
  await fileButton(page, "evil.svg").click();
  assert.deepEqual(await shown(page).getByRole("img", { name: "evil.svg" }).evaluate(sizeOf), [50, 50]);
  await page.keyboard.press("Escape");
  assert.deepEqual(await reached(page), []);

  // As a document in a frame of the page, with each wall taken down in turn.
  const origin = new URL(page.url()).origin;
  const ticketOf = async ({ id }: FileView): Promise<string | undefined> => {
    const headers = { "x-nocturne-session": session, "content-type": "application/json" };
    const answer = await fetch(`${origin}/api/files/${id}/preview`, { method: "POST", headers, body: "{}" });
    return ((await answer.json()) as Partial<PreviewTicket>).ticket;
  };
  const frame = async (ticket: string | undefined, isSandboxed: boolean, isExpected = false): Promise<Reached[]> => {
    await page.evaluate(`(${FRAME})("/api/files/preview/${ticket}", ${isSandboxed}, ${isExpected})`);
    return reached(page);
  };
  assert.equal(await ticketOf(document), undefined, "no address gives HTML");
  for (const file of [drawing, disguised])
    for (const isSandboxed of [false, true])
      assert.deepEqual(await frame(await ticketOf(file), isSandboxed), [], `${file.name}, ${isSandboxed}`);
  assert.equal(leaks.count, 0, "nobody outside was asked for anything");

  await answerUnguarded(page, "image/svg+xml", svg);
  assert.deepEqual(await frame("A", true), [], "without the policy of the answer, that of the frame still holds");
  for (const [type, body] of [
    ["image/svg+xml", svg],
    ["text/html", html],
  ] as const) {
    await answerUnguarded(page, type, body);
    const gains = (await frame("A", false, true)).find(({ parent }) => parent !== undefined);
    assert.deepEqual(
      [gains?.parent, gains?.cookie, gains?.storage, gains?.status],
      [await page.title(), "of=the-page", "{}", "401"],
      `control: without both, ${type} has the rights of the page`,
    );
  }
  await waitUntil("control: it speaks to others", () => leaks.count > 0);
});

function hostileFiles(port: number): { svg: string; html: string } {
  const script = attackOn(port);
  const escaped = script.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const image = `<image href="http://127.0.0.1:${port}/leak" width="5" height="5"/>`;
  const attributes = `xmlns="http://www.w3.org/2000/svg" width="50" height="50" onload="top.postMessage({ran:true},'*')"`;
  return {
    svg: `<svg ${attributes}><script>${escaped}</script>${image}</svg>`,
    html: `<!doctype html><script>${script}</script>`,
  };
}

/** Answers the page's frames with these bytes, and without the policy that the node sends with them. */
async function answerUnguarded(page: Page, contentType: string, body: string): Promise<void> {
  const headers = { "cross-origin-embedder-policy": "require-corp", "cross-origin-resource-policy": "same-origin" };
  await page.unroute("**/api/files/preview/*");
  await page.route("**/api/files/preview/*", (route) => route.fulfill({ contentType, body, headers }));
}

/** What the frames said since it was asked last. */
function reached(page: Page): Promise<Reached[]> {
  return page.evaluate("heard.splice(0)");
}
