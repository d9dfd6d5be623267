/** The small picture of a file, or the sign of its kind. */
import { File, FileImage, FileMusic, FileText, FileVideo, Lock, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { FileView, PreviewKind } from "../../../src/api/contract.ts";
import { useThumbnail } from "../../api/thumbnails.ts";

const SIGNS: Record<PreviewKind, LucideIcon> = {
  image: FileImage,
  audio: FileMusic,
  video: FileVideo,
  pdf: FileText,
  text: FileText,
};

export interface ThumbnailProps {
  readonly file: FileView;
  readonly className?: string;
}

/** Decoration: the name beside it says what it is; only a password is told. */
export function Thumbnail({ file, className = "" }: ThumbnailProps): ReactNode {
  const picture = useThumbnail(file);
  const Sign = file.preview ? SIGNS[file.preview] : File;
  return (
    <span className={`flex shrink-0 items-center justify-center overflow-hidden rounded-lg bg-surface ${className}`}>
      {file.hasPassword ? (
        <Lock aria-label="Has a password" className="size-5" />
      ) : picture ? (
        <img src={picture} alt="" draggable={false} className="size-full object-cover" />
      ) : (
        <Sign aria-hidden className="size-5 text-muted" />
      )}
    </span>
  );
}
