/** Text that a stranger wrote, set apart by a line at its side. Characters only: no markup and no links come of it. */
import { Quote } from "lucide-react";
import { type ReactNode, useState } from "react";

/** More than these, or than so many lines, is shown when it is asked for. */
const LONG_CHARACTERS = 480;
const LONG_LINES = 6;

export interface OthersTextProps {
  readonly text: string;
  /** Whose it is, for example "Ada". */
  readonly by: string;
  readonly whole?: boolean;
}

export function OthersText({ text, by, whole = false }: OthersTextProps): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const isLong = !whole && (text.length > LONG_CHARACTERS || text.split("\n").length > LONG_LINES);
  return (
    <figure className="flex min-w-0 flex-col gap-1 border-s-2 border-control ps-4">
      <figcaption className="flex items-center gap-1.5 text-sm text-muted">
        <Quote aria-hidden className="size-3.5 shrink-0" />
        <span>
          Words of <bdi>{by}</bdi>
        </span>
      </figcaption>
      <blockquote dir="auto" className={`wrap-anywhere whitespace-pre-wrap ${isLong && !isOpen ? "line-clamp-6" : ""}`}>
        {text}
      </blockquote>
      {isLong && (
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          className="ring-inside min-h-11 self-start rounded-lg font-medium underline underline-offset-4"
        >
          {isOpen ? "Show less" : "Show all of it"}
        </button>
      )}
    </figure>
  );
}
