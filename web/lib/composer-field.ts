/** The field in which a message is written, found by those who lead the focus there. */

export const COMPOSER_FIELD = "composer";

/** Null where nothing can be written. */
export function composerField(): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-field="${COMPOSER_FIELD}"]`);
}
