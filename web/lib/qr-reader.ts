/**
 * Reads QR codes from a picture or the camera, on this machine: the pixels go to a decoder in this page
 * and nowhere else. The decoder is loaded when it is first needed.
 */

const CAMERA_INTERVAL_MS = 150;
/** Larger pictures are scaled down: a code needs far fewer pixels, and decoding time grows with them. */
const LONGEST_SIDE = 1600;
/** A picture may take as long as a person waits; a camera frame has the next one to come. */
const PICTURE_TIME_MS = 1_500;

/** The text of the code in a picture; null when none is found. Throws when it is no picture at all. */
export async function readPicture(file: Blob): Promise<string | null> {
  const picture = await createImageBitmap(file);
  return decode(picture, picture.width, picture.height, PICTURE_TIME_MS);
}

/** Shows the camera in `video` and resolves to the first code it sees. Throws when the camera is refused. */
export async function watchCamera(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    signal.throwIfAborted();
    video.srcObject = stream;
    await video.play();
    for (;;) {
      signal.throwIfAborted();
      const text = await decode(video, video.videoWidth, video.videoHeight, CAMERA_INTERVAL_MS);
      if (text !== null) return text;
      await new Promise((resolve) => setTimeout(resolve, CAMERA_INTERVAL_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

/** True where the browser can offer a camera at all: it does so on https and localhost only. */
export function hasCamera(): boolean {
  return "mediaDevices" in navigator;
}

/** Off the screen: nothing is drawn into the page, so no policy has to allow images from anywhere. */
async function decode(
  source: CanvasImageSource,
  width: number,
  height: number,
  limitMs: number,
): Promise<string | null> {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { decodeQR } = await import("qr/decode.js");
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height), { timeLimit: limitMs });
  } catch {
    // The decoder throws where it finds no code: the usual case of a camera frame.
    return null;
  }
}
