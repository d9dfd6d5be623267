/** A list of any length inside a scene: only the part in sight is in the page. */
import { type ReactElement, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { SceneScroller } from "./scene.tsx";

export interface LongListProps<T> {
  readonly items: readonly T[];
  readonly children: (item: T) => ReactElement;
  /** `div` where something else says what is a list. */
  readonly as?: "ul" | "div";
}

/** The scene scrolls, not the list, so that its heading goes out of the way on small screens. */
export function LongList<T>({ items, children, as = "ul" }: LongListProps<T>): ReactNode {
  const scroller = useContext(SceneScroller);
  const place = useRef<HTMLDivElement>(null);
  const [above, setAbove] = useState(0);
  useEffect(() => {
    const { current: scene } = scroller;
    const content = scene?.firstElementChild;
    if (!scene || !content) return undefined;
    // What stands above the list grows and shrinks with uploads and notices.
    const observer = new ResizeObserver(() => {
      const top = place.current?.getBoundingClientRect().top ?? 0;
      setAbove(top - scene.getBoundingClientRect().top + scene.scrollTop);
    });
    observer.observe(content);
    return () => observer.disconnect();
  }, [scroller]);
  return (
    <div ref={place}>
      <Virtualizer as={as} item={as === "ul" ? "li" : "div"} data={items} scrollRef={scroller} startMargin={above}>
        {children}
      </Virtualizer>
    </div>
  );
}
