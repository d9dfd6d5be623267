/**
 * Recording a voice note, in the place of the composer.
 *
 *     ask (only if the browser will ask too) -> recording -> listening -> sent
 */
import { Mic, SendHorizontal, Square, Trash2 } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { playTime } from "../../lib/spans.ts";
import { draftOf, editDraft } from "../../stores/drafts.ts";
import { sendDraft } from "../../stores/outgoing.ts";
import { notify } from "../../stores/toasts.ts";
import { ATTACHMENT, uploadOnce } from "../../stores/uploads.ts";
import {
  microphonePermission,
  type Recording,
  startRecording,
  VOICE_SECONDS_MAX,
  voiceFile,
  type VoiceTake,
} from "../../stores/voice-recording.ts";
import { IconButton } from "../button.tsx";
import { ModalForm } from "../modal.tsx";
import { VoicePlayer } from "./voice-note.tsx";

type Phase =
  | { readonly name: "starting" | "asking" | "sending" }
  | { readonly name: "recording"; readonly recording: Recording }
  | { readonly name: "listening"; readonly take: VoiceTake };

export interface VoiceRecorderProps {
  readonly who: string;
  readonly onClose: () => void;
}

/** Whatever ends it (sent, thrown away, another conversation) lets go of the microphone. */
export function VoiceRecorder({ who, onClose }: VoiceRecorderProps): ReactNode {
  const [phase, setPhase] = useState<Phase>({ name: "starting" });
  const recording = useRef<Recording | null>(null);
  const begin = async (): Promise<void> => {
    try {
      recording.current = await startRecording();
      setPhase({ name: "recording", recording: recording.current });
    } catch (error) {
      notify(...refusalWords(error));
      onClose();
    }
  };
  const start = async (): Promise<void> => {
    if ((await microphonePermission()) === "prompt") setPhase({ name: "asking" });
    else await begin();
  };
  const started = useRef(false);
  useEffect(() => {
    if (!started.current) void start();
    started.current = true;
    return () => recording.current?.cancel();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once, when the recorder opens
  }, []);
  const send = async (take: VoiceTake): Promise<void> => {
    setPhase({ name: "sending" });
    const file = await uploadOnce(voiceFile(take), ATTACHMENT);
    if (!file) return setPhase({ name: "listening", take });
    const { replyTo } = draftOf(who);
    const draft = { text: "", files: [file], interop: false, replyTo, editing: null };
    void sendDraft(who, draft, Math.max(1, Math.round(take.seconds)));
    editDraft(who, { replyTo: null });
    onClose();
  };
  return (
    <fieldset aria-label="Voice note" className="flex min-h-11 items-center gap-2">
      {phase.name === "asking" && <MicrophoneQuestion onAllow={() => void begin()} onClose={onClose} />}
      {(phase.name === "starting" || phase.name === "asking") && (
        <p className="grow text-muted">Opening the microphone…</p>
      )}
      {phase.name === "sending" && <p className="grow text-muted">Encrypting the voice note…</p>}
      {phase.name === "recording" && (
        <Recorder
          recording={phase.recording}
          onStop={() => void phase.recording.stop().then((take) => setPhase({ name: "listening", take }))}
          onCancel={onClose}
        />
      )}
      {phase.name === "listening" && <Listening take={phase.take} onSend={send} onCancel={onClose} />}
    </fieldset>
  );
}

/** Said before the browser asks in its own, shorter words. */
function MicrophoneQuestion({
  onAllow,
  onClose,
}: {
  readonly onAllow: () => void;
  readonly onClose: () => void;
}): ReactNode {
  return (
    <ModalForm title="Record a voice note?" open onClose={onClose} action="Use the microphone" onSubmit={onAllow}>
      <p>
        Your browser will now ask whether this page may use the microphone. It is used while you record and not
        otherwise. What you record stays in this tab until you send it, and can be listened to before.
      </p>
    </ModalForm>
  );
}

interface RecorderProps {
  readonly recording: Recording;
  readonly onStop: () => void;
  readonly onCancel: () => void;
}

function Recorder({ recording, onStop, onCancel }: RecorderProps): ReactNode {
  const { seconds, level } = useMeter(recording);
  const full = seconds >= VOICE_SECONDS_MAX;
  useEffect(() => {
    if (full) onStop();
  }, [full, onStop]);
  return (
    <>
      <IconButton icon={Trash2} label="Throw the recording away" onClick={onCancel} />
      <Mic aria-hidden className="size-5 shrink-0" />
      <span role="timer" aria-label="Recorded" className="w-12 shrink-0 tabular-nums">
        {playTime(seconds)}
      </span>
      <meter aria-label="Loudness" min={0} max={1} value={level} className="h-3 min-w-0 grow" />
      <IconButton kind="primary" icon={Square} label="Stop recording" onClick={onStop} />
    </>
  );
}

const METER_MS = 100;

function useMeter(recording: Recording): { readonly seconds: number; readonly level: number } {
  const [reading, setReading] = useState({ seconds: 0, level: 0 });
  useEffect(() => {
    const read = (): void => setReading({ seconds: recording.seconds(), level: recording.level() });
    const timer = setInterval(read, METER_MS);
    return () => clearInterval(timer);
  }, [recording]);
  return reading;
}

interface ListeningProps {
  readonly take: VoiceTake;
  readonly onSend: (take: VoiceTake) => Promise<void>;
  readonly onCancel: () => void;
}

function Listening({ take, onSend, onCancel }: ListeningProps): ReactNode {
  return (
    <>
      <IconButton icon={Trash2} label="Throw the recording away" onClick={onCancel} />
      <div className="min-w-0 grow">
        <VoicePlayer id="own take" seconds={take.seconds} load={() => Promise.resolve(take.blob)} />
      </div>
      <IconButton
        kind="primary"
        icon={SendHorizontal}
        label="Send voice note"
        onClick={() => void onSend(take)}
        className="rtl:-scale-x-100"
      />
    </>
  );
}

/** What, and what to do. */
function refusalWords(error: unknown): [string, string] {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") {
    return ["The microphone was not allowed.", "Allow it for this page in the browser's settings, beside the address."];
  }
  if (name === "NotFoundError") return ["There is no microphone.", "Plug one in and try again."];
  return ["The microphone cannot be used now.", "Another program may hold it. Close that one and try again."];
}
