/** The mark: a crescent and its star, in the colour of the text. */
import type { ReactNode } from "react";

export function Moon({ className }: { readonly className: string }): ReactNode {
  return (
    <svg aria-hidden viewBox="0 0 32 32" className={className} fill="currentColor">
      <path d="M19.2 3.2A13 13 0 1 0 28.8 21 10.6 10.6 0 0 1 19.2 3.2Z" />
      <circle cx="25" cy="9" r="2" />
    </svg>
  );
}
