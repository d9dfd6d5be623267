/** People's text as they wrote it, with web addresses as links that carry nothing of this page along. */
import type { ReactNode } from "react";
import { splitLinks } from "../../lib/text-links.ts";

/** Text nodes and links only: nothing a person writes becomes markup. */
export function MessageText({ text }: { readonly text: string }): ReactNode {
  return splitLinks(text).map(({ text: part, url }, i) =>
    url === null ? (
      part
    ) : (
      <a
        key={`${i}${part}`}
        href={url}
        target="_blank"
        rel="noopener noreferrer"
        className="ring-inside underline underline-offset-4"
      >
        {part}
      </a>
    ),
  );
}
