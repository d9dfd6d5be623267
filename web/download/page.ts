/**
 * The public download page: the recipient of a link needs nothing but a browser.
 *
 *     look (GET info) -> door (password, button) -> claim, open the manifest -> save, chunk by chunk -> saved
 *                          ^--- wrong password ----'    '-> folder: all or one -'  '-> interrupted -> go on
 *
 * This file leads through the views; the work is done by the engine (worker/engine.ts).
 *
 * What it asks of its Content-Security-Policy, and no more: 'self' as script-, style-, img-, connect- and worker-src,
 * and the Trusted Types policy "nocturne-download".
 */
import type { ApiError, LinkInfo } from "../../src/api/contract.ts";
import { forgetSecret, keptClaim, readSlug, takeSecret } from "./address.ts";
import { startAttempt } from "./attempt.ts";
import type { LinkRequest, Opened, Problem } from "./messages.ts";
import { showDoor, showFolder, showLooking, showOpening, showProblem, showSaved, showSaving } from "./screens.ts";
import { prepareStreaming } from "./sink.ts";

const SKELETON_MS = 300;

/** What the page knows: the secret from the address, and of the link what the node says or this tab kept. */
type Known = Omit<LinkRequest, "password">;

/** What a visitor may know of the link, or why it cannot be asked. */
async function askInfo(slug: string): Promise<LinkInfo | Problem> {
  try {
    const response = await fetch(`/s/${slug}/info`, { cache: "no-store" });
    const info = (await response.json()) as LinkInfo | ApiError;
    if ("state" in info) return info;
    return response.status === 429 ? "busy" : "unreachable";
  } catch {
    return "unreachable";
  }
}

async function look(): Promise<void> {
  const skeleton = setTimeout(showLooking, SKELETON_MS);
  const slug = readSlug();
  const secret = takeSecret();
  const [info, streaming] = await Promise.all([askInfo(slug), prepareStreaming()]);
  clearTimeout(skeleton);
  if (typeof info === "string") return showProblem(info, lookAgain);
  const kept = keptClaim();
  if (info.state !== "active" && (!kept || info.state === "ended")) {
    forgetSecret();
    return showProblem(info.state);
  }
  if (secret === null) return showProblem("incomplete-link");
  knock({ slug, secret, ...(kept ?? { claim: null, info }) }, streaming, false);
}

function lookAgain(): void {
  void look();
}

function knock(known: Known, streaming: boolean, wrong: boolean): void {
  const { needsPassword } = known.info;
  const open = (password: string): void => {
    showOpening(needsPassword);
    fetchContent({ password, ...known }, () => knock(known, streaming, true));
  };
  showDoor({ needsPassword, wrong, streaming, open });
}

function fetchContent(request: LinkRequest, refused: () => void): void {
  let opened: Opened = { name: "", bytes: 0, note: "", files: null };
  let saving = { name: "", bytes: 0, done: 0 };
  let isWhole = false;
  let update = (_done: number): void => {};
  const showProgress = (): void => {
    update = showSaving(saving, opened.note, attempt.stop);
    update(saving.done);
  };
  const save = (pick: number | null, name: string, bytes: number): void => {
    saving = { name, bytes, done: 0 };
    isWhole = pick === null;
    showProgress();
    void attempt.save(pick, name, bytes);
  };
  const choose = (): void => showFolder(opened, save);
  const attempt = startAttempt(request, {
    opened(told) {
      opened = told;
      if (told.files) choose();
      else save(null, told.name, told.bytes);
    },
    progress(done) {
      saving.done = done;
      update(done);
    },
    interrupted() {
      const goOn = (): void => {
        attempt.goOn();
        showProgress();
      };
      showProblem("interrupted", goOn, attempt.stop);
    },
    saved() {
      if (isWhole) void forgetIfUsed(request.slug);
      if (opened.files) return showSaved(saving, opened.note, choose);
      attempt.finish();
      showSaved(saving, opened.note);
    },
    ended(problem) {
      if (problem === "wrong-password") refused();
      else showProblem(problem, lookAgain);
    },
  });
}

async function forgetIfUsed(slug: string): Promise<void> {
  const info = await askInfo(slug);
  if (typeof info !== "string" && info.state !== "active") forgetSecret();
}

addEventListener("hashchange", () => location.reload());
lookAgain();
