/**
 * Plays voice notes, one at a time.
 *
 *     idle -> loading (bytes fetched and decrypted by the node) -> playing <-> paused -> idle at its end
 *
 * The bytes are played from a blob: URL, which lives only in this tab and is let go as soon as another note plays.
 */
import { ApiFailure } from "../api/client.ts";
import { type Store, createStore } from "./store.ts";
import { notify, showFailure } from "./toasts.ts";

export interface Playback {
  /** Which note: any text that tells it from the others. Null when none was chosen. */
  readonly key: string | null;
  readonly phase: "idle" | "loading" | "playing" | "paused";
  readonly seconds: number;
}

const IDLE: Playback = { key: null, phase: "idle", seconds: 0 };

export const playbackStore: Store<Playback> = createStore<Playback>(IDLE);

let audio: HTMLAudioElement | null = null;

/** Starts, pauses or goes on. `load` is asked for the bytes when this note is not the one at hand. */
export async function togglePlayback(key: string, load: () => Promise<Blob>): Promise<void> {
  const { phase, key: current } = playbackStore.get();
  if (current !== key) return start(key, load);
  if (phase === "playing") audio?.pause();
  else if (phase !== "loading") await resume();
}

/** To a place of the note at hand. */
export function seekPlayback(seconds: number): void {
  if (audio) audio.currentTime = seconds;
}

/** Ends it, and with `key` only if it is this note that plays. */
export function stopPlayback(key?: string): void {
  if (key !== undefined && playbackStore.get().key !== key) return;
  release();
  playbackStore.set(IDLE);
}

async function start(key: string, load: () => Promise<Blob>): Promise<void> {
  release();
  playbackStore.set({ key, phase: "loading", seconds: 0 });
  try {
    const blob = await load();
    if (playbackStore.get().key !== key) return;
    audio = playerOf(key, blob);
    await resume();
  } catch (error) {
    if (playbackStore.get().key !== key) return;
    stopPlayback();
    if (error instanceof ApiFailure) showFailure(error);
    else
      notify("This voice note cannot be played.", "The browser does not know its format. Save it as a file instead.");
  }
}

/** A start that was overtaken by a pause, or by another note, is no failure. */
async function resume(): Promise<void> {
  try {
    await audio?.play();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
  }
}

function playerOf(key: string, blob: Blob): HTMLAudioElement {
  const player = new Audio(URL.createObjectURL(blob));
  const tell = (phase: Playback["phase"]): void => {
    if (audio === player) playbackStore.set({ key, phase, seconds: player.currentTime });
  };
  player.addEventListener("play", () => tell("playing"));
  player.addEventListener("pause", () => tell("paused"));
  player.addEventListener("timeupdate", () => tell(player.paused ? "paused" : "playing"));
  player.addEventListener("ended", () => {
    player.currentTime = 0;
    tell("paused");
  });
  return player;
}

function release(): void {
  const old = audio;
  audio = null;
  if (!old) return;
  old.pause();
  URL.revokeObjectURL(old.src);
}
