/** Where notices appear: at the foot of the page, above the tab bar, stacked with the newest lowest. */
import { Toast } from "@base-ui/react/toast";
import { CircleAlert, X } from "lucide-react";
import type { ReactNode } from "react";
import { toasts } from "../stores/toasts.ts";
import { IconButton } from "./button.tsx";

/** F6 leads to it; pointing at a notice keeps it, and with it the time to undo. */
export function Toaster(): ReactNode {
  return (
    <Toast.Provider toastManager={toasts} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 bottom-20 z-30 mx-auto flex max-w-md flex-col-reverse gap-2 outline-none rail:start-auto rail:end-6 rail:bottom-24 rail:w-[26rem]">
          <Notices />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Notices(): ReactNode {
  const { toasts: shown } = Toast.useToastManager();
  return shown.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      swipeDirection={["right", "down"]}
      className="rounded-xl border border-control bg-surface transition-opacity data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0"
    >
      <Toast.Content className="flex items-center gap-3 ps-4 pe-1 py-1">
        {toast.type === "failure" && <CircleAlert aria-hidden className="size-5 shrink-0" />}
        <div className="min-w-0 grow py-2">
          <Toast.Title render={<p />} dir="auto" className="font-medium wrap-anywhere" />
          <Toast.Description className="text-sm text-muted" />
        </div>
        {toast.actionProps && (
          <Toast.Action className="ring-inside min-h-11 shrink-0 rounded-lg px-3 font-semibold underline underline-offset-4 hover:bg-divider" />
        )}
        {/* Base UI hides it from screen readers until the pointer is over the notices, which a finger never is. */}
        <Toast.Close aria-hidden={false} render={<IconButton icon={X} label="Dismiss" className="ring-inside" />} />
      </Toast.Content>
    </Toast.Root>
  ));
}
