/** Files that are still on their way into the library; they join the draft when they are there. */
import type { ReactNode } from "react";
import { countOf } from "../../lib/format.ts";
import { overallProgress } from "../../lib/upload-progress.ts";
import { useStore } from "../../stores/store.ts";
import { uploadsStore } from "../../stores/uploads.ts";

export function Arriving(): ReactNode {
  const { open, percent } = overallProgress(useStore(uploadsStore));
  if (open === 0) return null;
  return (
    <output className="mb-2 block text-sm text-muted">
      Encrypting {countOf(open, "file")}, {percent} %
    </output>
  );
}
