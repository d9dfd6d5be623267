/** A small menu behind one button, for what is done seldom. */
import { Menu } from "@base-ui/react/menu";
import { EllipsisVertical, type LucideIcon } from "lucide-react";
import type { ReactNode, RefObject } from "react";
import { IconButton } from "./button.tsx";

export interface MenuAction {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly onSelect: () => void;
}

export interface ActionMenuProps {
  /** What the actions are for, for example "Actions for report.pdf". */
  readonly label: string;
  readonly actions: readonly MenuAction[];
  readonly icon?: LucideIcon;
}

/** How every menu looks. */
export const MENU_POPUP = "min-w-52 rounded-xl border border-control bg-surface p-1 outline-none";
export const MENU_ITEM =
  "flex min-h-11 cursor-pointer items-center gap-3 rounded-lg px-3 outline-none select-none data-highlighted:bg-divider";

/** Menus open inside the page's main landmark, where screen readers look for content. */
export const LANDMARK: RefObject<HTMLElement | null> = {
  get current() {
    return document.getElementById("content");
  },
};

/** Arrow keys, type-ahead and Escape come with it; an action that destroys asks in a dialog of its own. */
export function ActionMenu({ label, actions, icon = EllipsisVertical }: ActionMenuProps): ReactNode {
  return (
    <Menu.Root>
      <Menu.Trigger render={<IconButton icon={icon} label={label} />} />
      <Menu.Portal container={LANDMARK}>
        <Menu.Positioner sideOffset={4} align="end" className="z-20 outline-none">
          <Menu.Popup className={MENU_POPUP}>
            {actions.map(({ label: text, icon: Icon, onSelect }) => (
              <Menu.Item key={text} onClick={onSelect} className={MENU_ITEM}>
                <Icon aria-hidden className="size-5 text-muted" />
                {text}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
