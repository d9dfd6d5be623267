/** Name and size of a file in a message, and what else is to be known of it. */
import type { ReactNode } from "react";
import type { MessageFile } from "../../../src/api/contract.ts";
import { formatBytes } from "../../lib/format.ts";

export interface FileWordsProps {
  readonly file: Pick<MessageFile, "name" | "bytes">;
  readonly note: string | null;
}

export function FileWords({ file, note }: FileWordsProps): ReactNode {
  return (
    <span className="flex min-w-0 flex-col">
      <span className="font-medium wrap-anywhere">
        <bdi>{file.name}</bdi>
      </span>
      <span className="text-sm text-muted">
        {formatBytes(file.bytes)}
        {note && ` · ${note}`}
      </span>
    </span>
  );
}
