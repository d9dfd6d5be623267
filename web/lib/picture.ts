/**
 * A small picture of an image or of a video's first frame: pixels that are encoded anew, so that nothing of the file
 * itself (metadata, trailing bytes, a trap for a decoder) is in it. All decoding is the browser's, in its sandbox.
 */

/** Of the longer side; the second for what does not fit in 16 KiB, such as noise. */
const SIDES = [256, 128];
/** An image says how large it is before it is decoded: a small file may claim terabytes. */
const MAX_PIXELS = 64_000_000;
const MAX_BYTES = 16_384; // 16 KiB, as the node takes
const LOAD_MS = 20_000;
const QUALITIES = [0.8, 0.5, 0.2];

type Source = HTMLImageElement | HTMLVideoElement;

/** Null for what cannot be decoded here, is too large, or does not fit in 16 KiB. */
export async function makePicture(url: string, isVideo: boolean): Promise<Blob | null> {
  const source = isVideo ? document.createElement("video") : new Image();
  try {
    const isLoaded = await load(source, url);
    return isLoaded ? await smallest(source) : null;
  } catch {
    return null; // a broken image throws where it is drawn
  } finally {
    source.src = ""; // a video would go on reading
  }
}

function load(source: Source, url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), LOAD_MS);
  // Not `canplay`: the first frame must be there to be drawn. An image's pixels are decoded when it is drawn.
  source.addEventListener(source instanceof HTMLVideoElement ? "loadeddata" : "load", () => resolve(true));
  source.addEventListener("error", () => resolve(false));
  if (source instanceof HTMLVideoElement) {
    source.muted = true;
    source.preload = "auto";
  }
  source.src = url;
  return promise.finally(() => clearTimeout(timer));
}

async function smallest(source: Source): Promise<Blob | null> {
  const [width, height] =
    source instanceof HTMLVideoElement
      ? [source.videoWidth, source.videoHeight]
      : [source.naturalWidth, source.naturalHeight];
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) return null;
  for (const side of SIDES) {
    const canvas = await shrink(source, width, height, side);
    for (const quality of QUALITIES) {
      const picture = await encode(canvas, quality);
      if (picture.size <= MAX_BYTES) return picture;
    }
  }
  return null;
}

async function shrink(source: Source, width: number, height: number, side: number): Promise<OffscreenCanvas> {
  const scale = Math.min(1, side / Math.max(width, height));
  const resizeWidth = Math.max(1, Math.round(width * scale));
  const resizeHeight = Math.max(1, Math.round(height * scale));
  const bitmap = await createImageBitmap(source, { resizeWidth, resizeHeight, resizeQuality: "high" });
  const canvas = new OffscreenCanvas(resizeWidth, resizeHeight);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/** WebP where the browser can, else JPEG; PNG would be too large. */
async function encode(canvas: OffscreenCanvas, quality: number): Promise<Blob> {
  const webp = await canvas.convertToBlob({ type: "image/webp", quality });
  return webp.type === "image/webp" ? webp : canvas.convertToBlob({ type: "image/jpeg", quality });
}

/** As a data URL. */
export function toDataUrl(blob: Blob): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result as string));
  reader.addEventListener("error", () => reject(reader.error ?? new Error("The picture could not be read.")));
  reader.readAsDataURL(blob);
  return promise;
}
