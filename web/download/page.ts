/**
 * The public download page: the recipient of a link needs nothing but a browser.
 *
 *     look (GET info) -> door (password, button) -> claim, open the manifest -> save, chunk by chunk -> saved
 *                          ^--- wrong password ----'                             '-> interrupted -> go on
 *
 * This file leads through the views; the work is done by the engine (worker/engine.ts).
 *
 * What it asks of its Content-Security-Policy, and no more: 'self' as script-, style-, img-, connect- and worker-src,
 * and the Trusted Types policy "nocturne-download".
 */
import type { LinkInfo } from "../../src/api/contract.ts";
import type { LinkAddress } from "../../src/crypto/link-key.ts";
import { forgetSecret, keptClaim, readAddress, readSlug } from "./address.ts";
import { startAttempt } from "./attempt.ts";
import type { LinkRequest, Problem } from "./messages.ts";
import { showDoor, showLooking, showOpening, showProblem, showSaved, showSaving } from "./screens.ts";
import { prepareStreaming } from "./sink.ts";

const SKELETON_MS = 300;

/** What the page knows of the link, from the node or from before a reload. */
type Known = Pick<LinkRequest, "info" | "claim">;

/** What a visitor may know of the link; null when the node does not answer. */
async function askInfo(slug: string): Promise<LinkInfo | null> {
  try {
    const response = await fetch(`/s/${slug}/info`, { cache: "no-store" });
    const info = (await response.json()) as Partial<LinkInfo>;
    return info.state === undefined ? null : (info as LinkInfo);
  } catch {
    return null;
  }
}

async function look(): Promise<void> {
  const skeleton = setTimeout(showLooking, SKELETON_MS);
  const [info, streaming] = await Promise.all([askInfo(readSlug()), prepareStreaming()]);
  clearTimeout(skeleton);
  if (!info) return showProblem("unreachable", lookAgain);
  const kept = keptClaim();
  if (info.state !== "active" && !kept) return showProblem(info.state);
  const link = readAddress();
  if (!link) return showProblem("incomplete-link");
  knock(link, kept ?? { claim: null, info }, streaming, false);
}

function lookAgain(): void {
  void look();
}

function knock(link: LinkAddress, known: Known, streaming: boolean, wrong: boolean): void {
  const { needsPassword } = known.info;
  const open = (password: string): void => {
    showOpening(needsPassword);
    fetchFile({ link, password, ...known }, () => knock(link, known, streaming, true));
  };
  showDoor({ needsPassword, wrong, streaming, open });
}

function fetchFile(request: LinkRequest, refused: () => void): void {
  let file = { name: "", bytes: 0, done: 0 };
  let update = (_done: number): void => {};
  const showProgress = (): void => {
    update = showSaving(file.name, file.bytes, attempt.stop);
    update(file.done);
  };
  const attempt = startAttempt(request, {
    opened(name, bytes) {
      file = { name, bytes, done: 0 };
      showProgress();
    },
    progress(done) {
      file.done = done;
      update(done);
    },
    interrupted() {
      const goOn = (): void => {
        attempt.goOn();
        showProgress();
      };
      showProblem("interrupted", goOn, attempt.stop);
    },
    ended: (problem) => ended(problem, request.link, refused, () => showSaved(file.name, file.bytes)),
  });
}

function ended(problem: Problem | null, link: LinkAddress, refused: () => void, saved: () => void): void {
  if (problem === "wrong-password") return refused();
  if (problem !== null) return showProblem(problem, lookAgain);
  saved();
  void forgetIfUsed(link.slug);
}

async function forgetIfUsed(slug: string): Promise<void> {
  const info = await askInfo(slug);
  if (info && info.state !== "active") forgetSecret();
}

addEventListener("hashchange", () => location.reload());
lookAgain();
