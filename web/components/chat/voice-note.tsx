/** A voice note in its bubble: play or pause, where it is, how long it takes. */
import { LoaderCircle, Pause, Play } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import type { Message, MessageFile } from "../../../src/api/contract.ts";
import { voiceBytes } from "../../api/voice-bytes.ts";
import { isThisMachine } from "../../lib/text-links.ts";
import { NO_FILES_WORDS } from "../../lib/persona-words.ts";
import { playTime } from "../../lib/spans.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { playbackStore, seekPlayback, stopPlayback, togglePlayback } from "../../stores/voice-player.ts";
import { IconButton } from "../button.tsx";

export interface VoiceNoteProps {
  readonly message: Message;
  readonly file: MessageFile;
  readonly seconds: number;
}

export function VoiceNote({ message, file, seconds }: VoiceNoteProps): ReactNode {
  if (useStore(actingStore)) return <p>Voice note, {NO_FILES_WORDS}.</p>;
  return (
    <div>
      <VoicePlayer id={message.id} seconds={seconds} load={() => voiceBytes(message, file)} />
      {!message.mine && <p className="text-sm text-muted">{sourceNote(file.url)}</p>}
    </div>
  );
}

/** Said before it is played, because playing is what tells the other machine. */
function sourceNote(url: string): string {
  if (isThisMachine(url)) return "Plays on the sender’s machine only";
  return `Fetched from ${URL.parse(url)?.host ?? "the sender"}, which sees your address`;
}

export interface VoicePlayerProps {
  readonly id: string;
  readonly seconds: number;
  readonly load: () => Promise<Blob>;
}

/** Also used for listening before sending. */
export function VoicePlayer({ id, seconds, load }: VoicePlayerProps): ReactNode {
  const playback = useStore(playbackStore);
  const here = playback.key === id;
  const phase = here ? playback.phase : "idle";
  const at = here ? Math.min(playback.seconds, seconds) : 0;
  useEffect(() => () => stopPlayback(id), [id]);
  return (
    <div className="flex min-w-0 items-center gap-1">
      <IconButton
        icon={phase === "loading" ? LoaderCircle : phase === "playing" ? Pause : Play}
        label={phase === "playing" ? "Pause" : "Play voice note"}
        onClick={() => void togglePlayback(id, load)}
        busy={phase === "loading"}
        className="ring-inside -ms-2"
      />
      <input
        type="range"
        aria-label="Position in the voice note"
        aria-valuetext={`${playTime(at)} of ${playTime(seconds)}`}
        min={0}
        max={seconds}
        step={0.1}
        value={at}
        disabled={!here || phase === "loading"}
        onChange={(event) => seekPlayback(event.target.valueAsNumber)}
        className="h-11 w-full min-w-11 max-w-48 shrink accent-ink"
      />
      <span className="w-20 shrink-0 text-end text-sm whitespace-nowrap text-muted tabular-nums">
        {at > 0 && `${playTime(at)} / `}
        {playTime(seconds)}
      </span>
    </div>
  );
}
