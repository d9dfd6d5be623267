/**
 * What a file may be shown as, told by its name alone: nothing is sniffed, so no content can choose its own type.
 *
 * An allow-list. Types that a browser runs as a page of its own (HTML, XML) are text here, or not in the list.
 */
import type { PreviewKind } from "./views.ts";

export interface ContentType {
  readonly preview: PreviewKind;
  readonly type: string;
}

const TEXT_TYPE = "text/plain; charset=utf-8";

const TYPES: Readonly<Record<Exclude<PreviewKind, "text">, Readonly<Record<string, string>>>> = {
  image: {
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    gif: "image/gif",
    webp: "image/webp",
    avif: "image/avif",
    bmp: "image/bmp",
    svg: "image/svg+xml",
  },
  audio: {
    mp3: "audio/mpeg",
    m4a: "audio/mp4",
    aac: "audio/aac",
    ogg: "audio/ogg",
    oga: "audio/ogg",
    opus: "audio/ogg",
    flac: "audio/flac",
    wav: "audio/wav",
    weba: "audio/webm",
  },
  video: { mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", ogv: "video/ogg", mov: "video/quicktime" },
  pdf: { pdf: "application/pdf" },
};

const TEXTS =
  "txt md markdown rst log csv tsv json jsonl yaml yml toml ini conf cfg env diff patch tex bib srt vtt html htm xhtml xml css scss less " +
  "js mjs cjs jsx ts mts cts tsx vue svelte py rb rs go java kt kts scala c h cc cpp cxx hpp hh m mm swift cs fs php pl pm lua r jl hs " +
  "ml ex exs erl clj sh bash zsh fish ps1 bat cmd sql graphql proto wat asm s dockerfile makefile cmake gradle lock gitignore license readme";

const BY_EXTENSION = new Map<string, ContentType>([
  ...Object.entries(TYPES).flatMap(([preview, types]) =>
    Object.entries(types).map(([extension, type]) => [extension, { preview: preview as PreviewKind, type }] as const),
  ),
  ...TEXTS.split(" ").map((extension) => [extension, { preview: "text" as const, type: TEXT_TYPE }] as const),
]);

/** By the ending, or by the whole name where there is none (`Makefile`); null for what can only be saved. */
export function typeByName(name: string): ContentType | null {
  return BY_EXTENSION.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase()) ?? null;
}
