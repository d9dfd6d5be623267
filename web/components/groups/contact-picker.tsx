/** Choosing several contacts: the chosen ones as chips, a field that narrows the list, the list itself. */
import { X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import type { Contact } from "../../../src/api/contract.ts";
import { fold } from "../../lib/fold.ts";
import { SearchField } from "../chat/search-field.tsx";
import { StarSign } from "../star-sign.tsx";

export interface ContactPickerProps {
  readonly legend: string;
  /** Who may be chosen. */
  readonly contacts: readonly Contact[];
  /** Their npubs, in the order of choice. */
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** From here on a list is too long to be looked through. */
const FILTER_FROM = 6;

export function ContactPicker({ legend, contacts, chosen, onChange }: ContactPickerProps): ReactNode {
  const [typed, setTyped] = useState("");
  const found = contacts
    .filter(({ name }) => fold(name).includes(fold(typed.trim())))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const toggle = (npub: string): void =>
    onChange(chosen.includes(npub) ? chosen.filter((one) => one !== npub) : [...chosen, npub]);
  /** Enter takes the first one found: a few letters and Enter, and so on. */
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || typed.trim() === "") return;
    event.preventDefault();
    const [first] = found;
    if (!first) return;
    if (!chosen.includes(first.npub)) toggle(first.npub);
    setTyped("");
  };
  return (
    <fieldset className="flex min-w-0 flex-col gap-3">
      <legend className="mb-1.5 font-medium">{legend}</legend>
      <Chips contacts={contacts} chosen={chosen} onRemove={toggle} />
      {contacts.length >= FILTER_FROM && (
        // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- it hears the keys of the field inside
        <div className="flex" onKeyDown={onKeyDown}>
          <SearchField label="Find a contact" value={typed} onChange={setTyped} onClear={() => setTyped("")} />
        </div>
      )}
      <div className="flex max-h-80 flex-col overflow-y-auto rounded-lg border border-divider p-1">
        {found.map(({ npub, name }) => (
          <label
            key={npub}
            className="flex min-h-12 shrink-0 items-center gap-3 rounded-lg px-2 transition-colors hover:bg-divider"
          >
            <StarSign npub={npub} className="size-8" />
            <span className="min-w-0 grow truncate">
              <bdi>{name}</bdi>
            </span>
            <input
              type="checkbox"
              checked={chosen.includes(npub)}
              onChange={() => toggle(npub)}
              className="ring-inside me-1 size-5 shrink-0"
            />
          </label>
        ))}
        {found.length === 0 && <p className="p-2 text-muted">No contact of that name.</p>}
      </div>
    </fieldset>
  );
}

interface ChipsProps extends Pick<ContactPickerProps, "contacts" | "chosen"> {
  readonly onRemove: (npub: string) => void;
}

/** Stays in sight when the list is narrowed, so that nobody is asked unnoticed. */
function Chips({ contacts, chosen, onRemove }: ChipsProps): ReactNode {
  const names = new Map(contacts.map(({ npub, name }) => [npub, name]));
  const known = chosen.filter((npub) => names.has(npub));
  if (known.length === 0) return null;
  return (
    <ul aria-label="Chosen" className="flex flex-wrap gap-2">
      {known.map((npub) => (
        <li key={npub} className="max-w-full">
          <button
            type="button"
            aria-label={`Do not ask ${names.get(npub)}`}
            onClick={() => onRemove(npub)}
            className="flex min-h-11 max-w-full items-center gap-2 rounded-full border border-control ps-4 pe-3 transition-colors hover:bg-divider"
          >
            <bdi className="truncate">{names.get(npub)}</bdi>
            <X aria-hidden className="size-4 shrink-0" />
          </button>
        </li>
      ))}
    </ul>
  );
}
