/** Files of the library to choose one from. */
import type { ReactNode } from "react";
import type { FileView } from "../../../src/api/contract.ts";
import { formatBytes } from "../../lib/format.ts";

export interface FileChoicesProps {
  readonly files: readonly FileView[];
  readonly onChoose: (file: FileView) => void;
}

/** Each row is one button with the whole name, as names differ at their ends. */
export function FileChoices({ files, onChoose }: FileChoicesProps): ReactNode {
  return (
    <ul>
      {files.map((file) => (
        <li key={file.id} className="border-t border-divider py-1">
          <button
            type="button"
            onClick={() => onChoose(file)}
            className="ring-inside flex min-h-12 w-full items-center gap-3 rounded-lg px-2 text-start hover:bg-divider"
          >
            <span className="grow py-2 wrap-anywhere">
              <bdi>{file.name}</bdi>
            </span>
            <span className="shrink-0 text-sm text-muted">{formatBytes(file.bytes)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
