/** The sheet of keyboard shortcuts, opened by `?`. */
import type { ReactNode } from "react";
import { Modal } from "../modal.tsx";

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [["Ctrl", "K"], "Go to a person or place"],
  [["Alt", "↑"], "Previous conversation"],
  [["Alt", "↓"], "Next conversation"],
  [["Enter"], "Send"],
  [["Shift", "Enter"], "New line"],
  [["Esc"], "Close, or leave the conversation"],
  [["F6"], "To the notices"],
  [["?"], "This sheet"],
];

/** Every shortcut there is; one that is not listed here does not exist. */
export function KeySheet({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): ReactNode {
  return (
    <Modal title="Keyboard" open={open} onClose={onClose}>
      <dl className="flex flex-col">
        {KEYS.map(([keys, words]) => (
          <div key={words} className="flex min-h-11 items-center justify-between gap-4 border-t border-divider">
            <dt>{words}</dt>
            <dd className="flex shrink-0 gap-1">
              {keys.map((key) => (
                <kbd key={key} className="rounded border border-control px-2 font-mono text-sm leading-6">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
