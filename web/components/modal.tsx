/**
 * A dialog over the page: on a narrow screen a sheet at its foot, else a box in the middle. Escape and a
 * click beside it close it; focus stays inside and goes back where it came from.
 */
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, type SubmitEvent, useRef } from "react";
import { Button, IconButton } from "./button.tsx";

export interface ModalProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

const POPUP =
  "fixed inset-x-0 bottom-0 max-h-[92dvh] overflow-y-auto rounded-t-2xl border border-divider bg-surface p-5 outline-none " +
  "rail:inset-x-auto rail:bottom-auto rail:start-1/2 rail:top-1/2 rail:w-[32rem] rail:max-w-[calc(100vw-3rem)] rail:-translate-x-1/2 rail:-translate-y-1/2 rail:rounded-2xl rail:p-6 rtl:rail:translate-x-1/2 " +
  "transition-opacity data-starting-style:opacity-0 data-ending-style:opacity-0";

/** The page behind is inert and dimmed, and its main button turns plain: one red element a view. */
export function Modal({ title, description, open, onClose, children }: ModalProps): ReactNode {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 bg-veil transition-opacity data-starting-style:opacity-0 data-ending-style:opacity-0" />
        <Dialog.Popup ref={popup} initialFocus={() => firstField(popup.current)} data-modal className={POPUP}>
          <div className="mb-4 flex items-start justify-between gap-4">
            <Dialog.Title className="pt-1.5 text-xl font-semibold tracking-tight">{title}</Dialog.Title>
            <Dialog.Close render={<IconButton icon={X} label="Close" className="-me-2" />} />
          </div>
          {description && (
            <Dialog.Description render={<div />} className="mb-4 text-muted">
              {description}
            </Dialog.Description>
          )}
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** What the dialog asks for comes first; without a field, the dialog itself takes the focus. */
function firstField(popup: HTMLElement | null): HTMLElement | null {
  return popup?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea") ?? popup;
}

export interface ModalFormProps extends ModalProps {
  readonly action: string;
  readonly busy?: boolean;
  readonly onSubmit: () => void;
}

/** A dialog that asks something and has one main button, also reached by Enter. */
export function ModalForm({ action, busy = false, onSubmit, children, ...modal }: ModalFormProps): ReactNode {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <Modal {...modal}>
      <form onSubmit={submit} className="flex flex-col gap-5">
        {children}
        <div className="flex flex-wrap justify-end gap-3">
          <Button onClick={modal.onClose}>Cancel</Button>
          <Button type="submit" kind="primary" busy={busy}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
