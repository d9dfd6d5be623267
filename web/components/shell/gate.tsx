/** The plain page before the app: locked, no session, not running. */
import type { ReactNode } from "react";
import { Moon } from "./moon.tsx";

export function Gate({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <main className="flex h-full overflow-y-auto p-4">
      <div className="m-auto w-full max-w-md py-8">
        <Moon className="mb-6 size-10" />
        <h1 className="mb-6 text-2xl font-semibold tracking-tight">{title}</h1>
        {children}
      </div>
    </main>
  );
}
