/** A field for words to search. Escape empties it; what is typed is handed on once the typing pauses. */
import { Search, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useState } from "react";
import { IconButton } from "../button.tsx";

const PAUSE_MS = 200;

export interface SearchFieldProps {
  readonly label: string;
  readonly ref?: Ref<HTMLInputElement>;
  readonly value: string;
  readonly onChange: (typed: string) => void;
  /** Also on Escape in an empty field. */
  readonly onClear: () => void;
}

export function SearchField({ label, ref, value, onChange, onClear }: SearchFieldProps): ReactNode {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    // Else the same key would leave the conversation as well.
    event.preventDefault();
    onClear();
  };
  return (
    <div className="relative grow">
      <Search aria-hidden className="pointer-events-none absolute start-3.5 top-3 size-5 text-muted" />
      <input
        ref={ref}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder="Search"
        autoComplete="off"
        dir="auto"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
        className="field ps-11 pe-12"
      />
      {value !== "" && (
        <IconButton
          icon={X}
          label="Clear the search"
          onClick={onClear}
          className="ring-inside absolute inset-y-0 end-0 h-full"
        />
      )}
    </div>
  );
}

/** The words to search for, a moment after they were typed; cleared at once. */
export function useSettled(typed: string): string {
  const [settled, setSettled] = useState("");
  const words = typed.trim();
  useEffect(() => {
    const timer = setTimeout(() => setSettled(words), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return words === "" ? "" : settled;
}
