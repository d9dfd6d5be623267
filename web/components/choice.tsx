/** Choosing one of a few: radio buttons as cards with a title and a sentence each. */
import type { ReactNode } from "react";

export interface Option<T extends string> {
  readonly value: T;
  readonly title: string;
  readonly note?: string;
  /** A word beside the title that must not be overlooked, for example "Experimental". */
  readonly badge?: string;
}

export interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly name: string;
  readonly value: T;
  readonly options: readonly Option<T>[];
  readonly onChange: (value: T) => void;
}

/** Native radio buttons: arrow keys, forms and screen readers work as everywhere. */
export function Choice<T extends string>({ legend, name, value, options, onChange }: ChoiceProps<T>): ReactNode {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 font-medium">{legend}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="flex min-h-11 items-start gap-3 rounded-lg border border-control px-3.5 py-2.5 transition-colors hover:bg-divider has-checked:border-ink has-checked:bg-divider"
        >
          <input
            type="radio"
            name={name}
            checked={value === option.value}
            onChange={() => onChange(option.value)}
            className="mt-1 size-4 shrink-0"
          />
          <span className="flex flex-col">
            <span className="flex flex-wrap items-center gap-x-2">
              {option.title}
              {option.badge && <Badge>{option.badge}</Badge>}
            </span>
            {option.note && <span className="text-sm text-muted">{option.note}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A word in a box, never a colour alone. */
export function Badge({ children }: { readonly children: ReactNode }): ReactNode {
  return <span className="rounded border border-control px-1.5 text-sm whitespace-nowrap text-ink">{children}</span>;
}
