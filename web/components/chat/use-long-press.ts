/** A finger that rests on something asks for its menu. Browsers disagree whether that is a `contextmenu`. */
import { type PointerEvent, useEffect, useRef } from "react";

const PRESS_MS = 450;
/** A finger is never quite still, in pixels. */
const STILL_PIXELS = 10;

export interface LongPress {
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: () => void;
  readonly onPointerCancel: () => void;
  readonly onTouchEnd: (event: { preventDefault: () => void }) => void;
  readonly onContextMenu: (event: { readonly nativeEvent: Event; preventDefault: () => void }) => void;
}

/** A mouse keeps its own context menu: that one can copy a selection. */
export function useLongPress(onPress: () => void): LongPress {
  const press = useRef({ timer: 0, x: 0, y: 0, opened: false });
  const end = (): void => window.clearTimeout(press.current.timer);
  useEffect(() => () => window.clearTimeout(press.current.timer), []);
  return {
    onPointerDown: ({ pointerType, clientX: x, clientY: y }) => {
      if (pointerType !== "touch") return;
      const timer = window.setTimeout(() => {
        press.current.opened = true;
        onPress();
      }, PRESS_MS);
      press.current = { timer, x, y, opened: false };
    },
    onPointerMove: ({ clientX, clientY }) => {
      const { x, y } = press.current;
      if (Math.hypot(clientX - x, clientY - y) > STILL_PIXELS) end();
    },
    onPointerUp: end,
    onPointerCancel: end,
    // Else the lifted finger would become a click beside the menu, which closes it.
    onTouchEnd: (event) => press.current.opened && event.preventDefault(),
    onContextMenu: (event) => {
      if (!("pointerType" in event.nativeEvent) || event.nativeEvent.pointerType !== "touch") return;
      event.preventDefault();
      end();
      press.current.opened = true;
      onPress();
    },
  };
}
