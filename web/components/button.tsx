/**
 * The buttons. `primary` is the one red element of a view: use it at most once in a scene. A button that
 * works keeps its place and its size, and ignores further clicks.
 */
import type { LucideIcon } from "lucide-react";
import type { ComponentProps, MouseEvent, ReactNode } from "react";
import { Link } from "wouter";

export type ButtonKind = "primary" | "plain" | "quiet";

const SHAPE =
  "inline-flex min-h-11 min-w-11 shrink-0 items-center justify-center gap-2 rounded-lg border text-center font-medium transition-colors select-none";
const KINDS: Record<ButtonKind, string> = {
  primary: "border-transparent bg-accent text-on-accent hover:bg-accent-deep",
  plain: "border-control text-ink hover:bg-divider",
  quiet: "border-transparent text-ink hover:bg-divider",
};
const BUSY = "aria-busy:cursor-progress aria-disabled:cursor-not-allowed";

interface Look {
  readonly kind?: ButtonKind;
  readonly icon?: LucideIcon;
}

/** `busy` keeps the button focusable, unlike `disabled`, which would throw the keyboard focus away. */
export interface ButtonProps extends ComponentProps<"button">, Look {
  readonly busy?: boolean;
}

/** At least 44 px in both directions, whatever it holds. */
export function Button({
  kind = "plain",
  icon: Icon,
  busy = false,
  className = "",
  children,
  ...rest
}: ButtonProps): ReactNode {
  const ignoreWhileBusy = (event: MouseEvent<HTMLButtonElement>): void => {
    if (busy) event.preventDefault();
    else rest.onClick?.(event);
  };
  return (
    <button
      type="button"
      {...rest}
      onClick={ignoreWhileBusy}
      aria-busy={busy || undefined}
      data-primary={kind === "primary" || undefined}
      className={`${SHAPE} ${KINDS[kind]} ${BUSY} px-4 py-2 ${className}`}
    >
      {Icon && <Icon aria-hidden className="size-5 shrink-0" />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon"> {
  readonly label: string;
  readonly icon: LucideIcon;
}

/** A square button that says its name to screen readers and on hover. */
export function IconButton({
  kind = "quiet",
  icon: Icon,
  label,
  className = "",
  busy,
  ...rest
}: IconButtonProps): ReactNode {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      aria-busy={busy || undefined}
      title={label}
      data-primary={kind === "primary" || undefined}
      className={`${SHAPE} ${KINDS[kind]} ${BUSY} ${className}`}
    >
      <Icon aria-hidden className="size-5" />
    </button>
  );
}

export interface ButtonLinkProps extends Look {
  readonly href: string;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A link to another scene that looks like a button. */
export function ButtonLink({ kind = "plain", icon: Icon, href, className = "", children }: ButtonLinkProps): ReactNode {
  return (
    <Link
      href={href}
      data-primary={kind === "primary" || undefined}
      className={`${SHAPE} ${KINDS[kind]} px-4 py-2 ${className}`}
    >
      {Icon && <Icon aria-hidden className="size-5 shrink-0" />}
      {children}
    </Link>
  );
}

export interface IconLinkProps {
  readonly href: string;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly className?: string;
}

/** A way, not an act: arrows turn round in right-to-left pages. */
export function IconLink({ href, label, icon: Icon, className = "" }: IconLinkProps): ReactNode {
  return (
    <Link href={href} aria-label={label} title={label} className={`${SHAPE} ${KINDS.quiet} ${className}`}>
      <Icon aria-hidden className="size-5 rtl:-scale-x-100" />
    </Link>
  );
}
