/** A setting that is on or off, with its sentence; the whole row is the target. */
import { Switch } from "@base-ui/react/switch";
import { type ReactNode, useId } from "react";

export interface ToggleProps {
  readonly label: string;
  readonly note: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Says on and off by place and fill, not by colour. */
export function Toggle({ label, note, checked, onChange }: ToggleProps): ReactNode {
  const id = useId();
  return (
    <div className="flex items-start justify-between gap-6">
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <p id={`${id}note`} className="text-sm text-muted">
          {note}
        </p>
      </div>
      <Switch.Root
        id={id}
        nativeButton
        render={<button type="button" aria-label={label} />}
        checked={checked}
        onCheckedChange={onChange}
        aria-describedby={`${id}note`}
        className="flex h-11 w-16 shrink-0 items-center rounded-full"
      >
        <span className="flex h-8 w-full items-center rounded-full border border-control bg-page px-1 transition-colors in-data-checked:bg-ink">
          <Switch.Thumb className="size-6 rounded-full bg-muted transition-transform data-checked:translate-x-7.5 data-checked:bg-page rtl:data-checked:-translate-x-7.5" />
        </span>
      </Switch.Root>
    </div>
  );
}
