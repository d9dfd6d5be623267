/** The keyboard shortcuts that hold in every scene. */
import { useEffect, useEffectEvent } from "react";

export interface Shortcuts {
  readonly onSwitcher: () => void;
  readonly onHelp: () => void;
  /** To the conversation above (-1) or below (1). */
  readonly onNeighbour: (step: 1 | -1) => void;
  readonly onEscape: () => void;
}

/** Letters and marks are left alone while somebody types; combinations are not. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const action = actionOf(event, shortcuts);
    if (!action) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKeyDown(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

function actionOf(event: KeyboardEvent, shortcuts: Shortcuts): (() => void) | null {
  if (event.defaultPrevented || event.isComposing) return null;
  const { key, altKey, ctrlKey, metaKey } = event;
  if (key.toLowerCase() === "k" && (ctrlKey || metaKey)) return shortcuts.onSwitcher;
  // An open dialog or menu has the keyboard to itself.
  if (document.querySelector("[data-modal], [role=menu]")) return null;
  if (altKey && key === "ArrowUp") return () => shortcuts.onNeighbour(-1);
  if (altKey && key === "ArrowDown") return () => shortcuts.onNeighbour(1);
  if (key === "?" && !isTyping(event.target)) return shortcuts.onHelp;
  return key === "Escape" ? shortcuts.onEscape : null;
}

/** Where a question mark is a question mark. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
