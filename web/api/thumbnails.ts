/**
 * Small pictures of files. The page that first shows a file makes one, in this browser, and the node keeps it sealed;
 * the node itself never decodes an image.
 */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { FileView, ThumbnailView } from "../../src/api/contract.ts";
import { urlSafe, urlUnsafe } from "../lib/base64url.ts";
import { toDataUrl, makePicture } from "../lib/picture.ts";
import { createTurns } from "../lib/turns.ts";
import { call } from "./client.ts";
import { keys } from "./keys.ts";
import { showFile } from "./shown-file.ts";

/** Decoding takes much memory: two at a time, however many are in sight; not at all what is out of sight by then. */
const inTurn = createTurns(2);
/** Larger images are not read for a picture of 256 pixels. */
const IMAGE_BYTES = 67_108_864; // 64 MiB

/** A data URL; null where there is none, undefined while it is looked for. */
export function useThumbnail(file: FileView): string | null | undefined {
  const enabled = hasThumbnail(file);
  const { data }: UseQueryResult<string | null> = useQuery({
    // By the content's time: another version is another picture.
    queryKey: [...keys.thumbnails, file.id, file.addedAt],
    queryFn: ({ signal }) => thumbnailOf(file, signal),
    enabled,
    retry: false,
  });
  return enabled ? data : null;
}

/** Drawings (SVG) are documents, and a file with a password shows nothing without it. */
function hasThumbnail({ preview, name, bytes, hasPassword }: FileView): boolean {
  if (hasPassword || bytes === 0) return false;
  return preview === "video" || (preview === "image" && bytes <= IMAGE_BYTES && !/\.svg$/i.test(name));
}

async function thumbnailOf(file: FileView, signal: AbortSignal): Promise<string | null> {
  const { picture } = await call<ThumbnailView>("GET", `/files/${file.id}/thumbnail`, undefined, signal);
  if (picture) return `data:${picture.type};base64,${urlUnsafe(picture.bytes)}`;
  const made = await inTurn(signal, () => makeThumbnail(file));
  if (made === null) return null;
  const bytes = urlSafe(made.slice(made.indexOf(",") + 1));
  await call("POST", `/files/${file.id}/thumbnail`, { addedAt: file.addedAt, picture: bytes });
  return made;
}

/** Null for what this browser cannot decode, or will not. */
async function makeThumbnail(file: FileView): Promise<string | null> {
  const shown = await showFile(file, file.preview ?? "image", file.bytes, {});
  if (shown.kind === "text") return null;
  try {
    const picture = await makePicture(shown.url, shown.kind === "video");
    return picture && (await toDataUrl(picture));
  } finally {
    shown.close();
  }
}
