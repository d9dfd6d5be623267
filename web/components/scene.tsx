/** The frame of a scene: its heading, its actions, its content in a column of readable width. */
import { ArrowLeft } from "lucide-react";
import { type Context, type ReactNode, type RefObject, createContext, useEffect, useRef } from "react";
import { setSceneTitle } from "../lib/title.ts";
import { IconLink } from "./button.tsx";

export interface SceneProps {
  readonly title: string;
  readonly actions?: ReactNode;
  /** Where the way back leads; shown as an arrow before the heading. */
  readonly back?: string;
  /** Room for a picture beside a table. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** What scrolls in a scene: long lists measure themselves against it. */
export const SceneScroller: Context<RefObject<HTMLDivElement | null>> = createContext<RefObject<HTMLDivElement | null>>(
  {
    current: null,
  },
);

/** Columns of about 80 characters; wider lines are hard to follow. */
export function Scene({ title, actions, back, wide = false, children }: SceneProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  useTitle(title);
  return (
    <div ref={scroller} className="h-full overflow-y-auto">
      <div className={`mx-auto flex min-h-full flex-col px-4 pb-10 rail:px-8 ${wide ? "max-w-6xl" : "max-w-4xl"}`}>
        <header className="flex min-h-20 flex-wrap items-center gap-x-2 gap-y-3 py-4">
          {back && <IconLink href={back} icon={ArrowLeft} label="Back" className="-ms-2" />}
          <h1 className="me-auto text-2xl font-semibold tracking-tight">{title}</h1>
          {actions}
        </header>
        <SceneScroller value={scroller}>{children}</SceneScroller>
      </div>
    </div>
  );
}

/** Names the browser tab after the scene. */
export function useTitle(title: string): void {
  useEffect(() => {
    setSceneTitle(title);
  }, [title]);
}

export interface SectionProps {
  readonly title: string;
  readonly id?: string;
  readonly children: ReactNode;
}

/** A part of a scene under a heading of its own, ruled off from the next. */
export function Section({ title, id, children }: SectionProps): ReactNode {
  return (
    <section id={id} aria-labelledby={`${id ?? title}-heading`} className="border-t border-divider py-8">
      <div className="grid grid-cols-1 gap-4 side:grid-cols-[14rem_minmax(0,1fr)] side:gap-8">
        <h2 id={`${id ?? title}-heading`} className="text-lg font-semibold">
          {title}
        </h2>
        <div className="flex max-w-xl flex-col gap-6">{children}</div>
      </div>
    </section>
  );
}
