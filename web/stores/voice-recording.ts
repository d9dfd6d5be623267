/**
 * Records a voice note. The sound stays in this tab until it is sent.
 *
 *     startRecording() -> Recording { level(), seconds(), stop() -> VoiceTake, cancel() }
 */

export interface VoiceTake {
  readonly blob: Blob;
  readonly seconds: number;
}

export interface Recording {
  /** Loudness of this moment, 0 to 1. */
  level(): number;
  seconds(): number;
  /** Ends the recording and the use of the microphone. */
  stop(): Promise<VoiceTake>;
  cancel(): void;
}

/** Longer is a lecture, and is better sent as a file. */
export const VOICE_SECONDS_MAX = 600;

const BITS_PER_SECOND = 32_000;
const TYPES = ["audio/webm;codecs=opus", "audio/mp4"];

/** Whether this browser can record at all: it cannot over plain HTTP from another machine. */
export function canRecord(): boolean {
  return "mediaDevices" in navigator && "MediaRecorder" in globalThis;
}

/** Whether the browser will ask the person when recording begins. */
export async function microphonePermission(): Promise<PermissionState> {
  try {
    return (await navigator.permissions.query({ name: "microphone" })).state;
  } catch {
    return "prompt"; // some browsers do not tell
  }
}

/** Throws DOMException: NotAllowedError when it was refused, NotFoundError without a microphone. */
export async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, {
    audioBitsPerSecond: BITS_PER_SECOND,
    ...(mimeType ? { mimeType } : {}),
  });
  const parts: Blob[] = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const stopped = new Promise<void>((resolve) => recorder.addEventListener("stop", () => resolve(), { once: true }));
  const meter = meterOf(stream);
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  const end = (): void => {
    if (recorder.state === "inactive") return;
    recorder.stop();
    for (const track of stream.getTracks()) track.stop();
    meter.close();
  };
  recorder.start();
  return {
    level: meter.level,
    seconds,
    async stop() {
      const length = seconds();
      end();
      await stopped;
      return { blob: new Blob(parts, { type: recorder.mimeType }), seconds: length };
    },
    cancel: end,
  };
}

/** The file that a take becomes; its name is all that tells the other side what it is. */
export function voiceFile({ blob }: VoiceTake): File {
  const ending = blob.type.startsWith("audio/mp4") ? "m4a" : "webm";
  return new File([blob], `Voice note.${ending}`, { type: blob.type });
}

function meterOf(stream: MediaStream): { level: () => number; close: () => void } {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const level = (): number => {
    analyser.getFloatTimeDomainData(samples);
    return Math.min(1, 2 * Math.max(...samples.map(Math.abs)));
  };
  return { level, close: () => void context.close() };
}
