/**
 * What a hostile page tries against a Nocturne on the same machine, in the browser of its owner. Served to
 * Chromium by hostile-page.test.ts, and run on the app's own page as the control.
 *
 *     attack({ target, session, ... }) -> { "name of the attempt": what was gained, as text; null: nothing }
 */

/** An attempt that has come to no end by then has not been foiled. */
const PATIENCE_MS = 20_000;
/** Until a new window has left the page that opened it. */
const WINDOW_MS = 15_000;
/** What may never tell of its end (a blocked frame of another process, an object) is looked at after so long. */
const SILENT_MS = 5_000;

globalThis.attack = (plan) =>
  tryAll(plan, { ...readings(plan), ...writings(plan), ...embeddings(plan), ...conversations(plan), ...windows(plan) });

/**
 * What can be told of a port by a page that does not know where Nocturne listens, and that does nothing which
 * the person would see: a window in which Nocturne opens would of course give it away.
 */
globalThis.scan = (port) => {
  const plan = { target: `http://localhost:${port}`, session: "", reads: ["/"], embeds: ["/", "/icon.svg"] };
  return tryAll(plan, { ...readings(plan), ...embeddings(plan), ...conversations(plan) });
};

async function tryAll(plan, attempts) {
  const tries = Object.entries(attempts).map(async ([name, work]) => [name, await gain(work)]);
  const gained = await Promise.all(tries);
  return { ...Object.fromEntries(gained), "sizes and statuses": timings(plan) };
}

async function gain(work) {
  const { promise, resolve } = Promise.withResolvers();
  setTimeout(() => resolve("no end of it"), PATIENCE_MS);
  try {
    return await Promise.race([work(), promise]);
  } catch {
    return null;
  }
}

function readings({ target, session, reads }) {
  const attempts = {};
  const headers = { "x-nocturne-session": session };
  for (const path of reads) {
    for (const mode of ["cors", "no-cors", "same-origin"]) {
      attempts[`GET ${path} ${mode}`] = () => read(fetch(target + path, { mode, credentials: "include" }));
    }
    attempts[`GET ${path} with the session`] = () => read(fetch(target + path, { headers }));
    attempts[`HEAD ${path}`] = () => read(fetch(target + path, { method: "HEAD", mode: "no-cors" }));
  }
  return attempts;
}

/** By every way in which a page can send a body; whether it had an effect is for the node to tell. */
function writings({ target, session, writes }) {
  const attempts = {};
  for (const { method, path, type, body } of writes) {
    const url = target + path;
    const name = `${method} ${path}`;
    const headers = { "content-type": type, "x-nocturne-session": session };
    attempts[`${name} with the session`] = () => read(fetch(url, { method, headers, body }));
    attempts[`${name} simple`] = () => read(fetch(url, { method, body }));
    attempts[`${name} no-cors`] = () => read(fetch(url, { method, body, mode: "no-cors", keepalive: true }));
    attempts[`${name} beacon`] = async () => (navigator.sendBeacon(url, body), null);
    for (const enctype of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) {
      attempts[`${name} form ${enctype}`] = () => submit(url, enctype, body);
    }
  }
  return attempts;
}

/** An opaque answer has been let through, although its text is hidden. */
async function read(answer) {
  const response = await answer;
  return `${response.status} ${response.type} ${(await response.text()).slice(0, 200)}`;
}

/** A form into a frame. As text/plain its one field spells JSON: `{"a":1,"x":"` = `"}`. */
async function submit(url, enctype, body) {
  const name = `frame${Math.random()}`;
  const frame = append("iframe", { name });
  const form = append("form", { action: url, method: "post", enctype, target: name });
  const pair = enctype === "text/plain" && body ? [`${body.slice(0, -1)},"x":"`, '"}'] : fieldOf(body);
  const field = document.createElement("input");
  [field.name, field.value] = pair;
  form.append(field);
  form.submit();
  return seen(frame);
}

/** "ticket=abc" and {"a":"b"} as the first field they name. */
function fieldOf(body) {
  return /^\w+=/.test(body) ? body.split("=") : (Object.entries(JSON.parse(body || "{}"))[0] ?? ["x", "y"]);
}

/** The text of what a frame shows, if it lets itself be read. */
async function seen(frame) {
  await Promise.race([event(frame, "load"), silence()]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return frame.contentDocument?.body?.innerText || null;
}

function embeddings({ target, embeds }) {
  const attempts = {};
  for (const path of embeds) {
    const url = target + path;
    attempts[`<img> ${path}`] = () => loads(append("img", { src: url }));
    attempts[`<script> ${path}`] = () => loads(append("script", { src: url }));
    attempts[`<script type=module> ${path}`] = () => loads(append("script", { src: url, type: "module" }));
    attempts[`<link> ${path}`] = () => loads(append("link", { href: url, rel: "stylesheet" }));
    attempts[`<video> ${path}`] = () => loads(append("video", { src: url }), "loadeddata");
    attempts[`<object> ${path}`] = () => Promise.race([loads(append("object", { data: url })), silence()]);
    attempts[`<iframe> ${path}`] = () => seen(append("iframe", { src: url }));
    attempts[`import() ${path}`] = async () => Object.keys(await import(url)).join();
    attempts[`Worker ${path}`] = async () => loads(new Worker(url), "message");
    attempts[`FontFace ${path}`] = async () => (await new FontFace("x", `url(${url})`).load()).status;
  }
  return attempts;
}

function conversations({ target, session }) {
  const socket = target.replace("http", "ws");
  return {
    WebSocket: async () => {
      const push = new WebSocket(`${socket}/api/push`);
      push.addEventListener("open", () => push.send(JSON.stringify({ session })));
      return (await event(push, "message", "open")).data ?? "open";
    },
    EventSource: async () => (await event(new EventSource(`${target}/api/push`), "open")).type,
    BroadcastChannel: async () => {
      const tabs = new BroadcastChannel("nocturne-session");
      const heard = [];
      tabs.addEventListener("message", ({ data }) => heard.push(data));
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no such argument
      tabs.postMessage({ ask: true });
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      return heard.length > 0 ? JSON.stringify(heard) : null;
    },
    "cookies and storage": async () => document.cookie + JSON.stringify({ ...localStorage }).replace("{}", "") || null,
  };
}

function windows({ target }) {
  return {
    "a window": () => openWindow(`${target}/`),
    "a window at a place": () => openWindow(`${target}/#/settings/security`),
    "a window with a guessed token": () => openWindow(`${target}/#token=AAAAAAAAAAAAAAAAAAAAAA`),
  };
}

/** A window that answers, that can be read, or that merely stays in reach has been gained. */
async function openWindow(url) {
  const opened = open(url);
  const heard = [];
  addEventListener("message", ({ source, data }) => source === opened && heard.push(data));
  for (const endMs = Date.now() + WINDOW_MS; !opened.closed && !textOf(opened) && Date.now() < endMs; ) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const data of [{ ask: true }, "ping", { session: "mine" }]) opened.postMessage(data, "*");
  }
  if (heard.length > 0) return JSON.stringify(heard);
  return opened.closed ? null : textOf(opened) || "still in reach";
}

/** Empty while nothing is shown, or when the browser forbids to look. */
function textOf(opened) {
  try {
    return opened.document.body.innerText;
  } catch {
    return "";
  }
}

/** Timing entries tell status and size of what a page may read, and of nothing else. */
function timings({ target }) {
  const entries = performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(target));
  const told = entries.find((entry) => entry.responseStatus || entry.transferSize || entry.encodedBodySize);
  return told ? `${told.responseStatus} ${told.transferSize} ${told.name}` : null;
}

async function loads(element, type = "load") {
  return (await event(element, type)).type;
}

function silence() {
  return new Promise((resolve) => setTimeout(() => resolve(null), SILENT_MS));
}

/** The first of these events; rejects at an error. */
function event(source, ...types) {
  const { promise, resolve, reject } = Promise.withResolvers();
  for (const type of types) source.addEventListener(type, resolve, { once: true });
  source.addEventListener("error", reject, { once: true });
  return promise;
}

function append(tag, attributes) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  document.body.append(element);
  return element;
}
