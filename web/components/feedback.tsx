/** What a scene shows while it waits, when it has nothing, and when it could not be told. */
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiFailure } from "../api/client.ts";
import { Button } from "./button.tsx";

/** Grey rows after 300 ms; the `label` is what a screen reader hears. */
export function Skeleton({ rows = 6, label }: { readonly rows?: number; readonly label: string }): ReactNode {
  return (
    <output aria-label={label} className="appear-late flex flex-col gap-4 p-4">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex items-center gap-3">
          <div className="size-11 shrink-0 rounded-full bg-divider" />
          <div className="flex grow flex-col gap-2">
            <div className="h-4 w-2/5 rounded bg-divider" />
            <div className="h-3 w-3/5 rounded bg-divider" />
          </div>
        </div>
      ))}
    </output>
  );
}

export interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children: ReactNode;
  /** One action, no more. */
  readonly action?: ReactNode;
}

/** Says what would be here and offers the one thing to do about it. */
export function Empty({ icon: Icon, title, children, action }: EmptyProps): ReactNode {
  return (
    <div className="m-auto flex max-w-sm flex-col items-center gap-3 p-6 text-center">
      <div className="mb-2 rounded-full border border-divider p-4">
        <Icon aria-hidden className="size-7 text-muted" strokeWidth={1.5} />
      </div>
      <h2 className="text-lg font-semibold">{title}</h2>
      <div className="text-muted">{children}</div>
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

/** `actions` stand below the words, so that they are read first. */
export interface NoticeProps {
  readonly icon: LucideIcon;
  readonly title?: string;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  /** Announced at once when it appears. */
  readonly alert?: boolean;
}

/** A sentence that must be read before going on: an icon, what is the case, what to do. */
export function Notice({ icon: Icon, title, children, actions, alert = false }: NoticeProps): ReactNode {
  return (
    <div role={alert ? "alert" : undefined} className="flex gap-3 rounded-xl border border-divider bg-surface p-4">
      <Icon aria-hidden className="mt-0.5 size-5 shrink-0" />
      <div className="flex min-w-0 grow flex-col gap-1">
        {title && <p className="font-semibold">{title}</p>}
        <div className="text-muted">{children}</div>
        {actions && <div className="mt-2 flex flex-wrap gap-3">{actions}</div>}
      </div>
    </div>
  );
}

/** A list that could not be fetched: what, why, next step. */
export function LoadFailure({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }): ReactNode {
  const failure = error instanceof ApiFailure ? error : null;
  return (
    <div className="p-4">
      <Notice
        icon={CircleAlert}
        alert
        title={failure?.message ?? "This could not be shown."}
        actions={<Button onClick={onRetry}>Try again</Button>}
      >
        {failure?.hint ?? "Try again; if it happens again, run nocturne doctor."}
      </Notice>
    </div>
  );
}
