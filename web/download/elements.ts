/** Makes DOM nodes. Text only ever becomes text, never markup. */

/** A new element with some of its properties set and its children in place. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** A button that does `act`; `main` makes it the one red element of its view. */
export function button(label: string, act: () => void, main = false): HTMLButtonElement {
  return element("button", { type: "button", className: main ? "main" : "", textContent: label, onclick: act });
}

/** Puts a view on the screen and moves the keyboard and the screen reader to its heading. */
export function show(title: string, ...children: (Node | string)[]): void {
  const heading = element("h1", { textContent: title, tabIndex: -1 });
  document.querySelector("#screen")?.replaceChildren(heading, ...children);
  heading.focus();
}
