/** A labelled control: label above, hint below, and an error that the control is tied to. */
import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, type ReactNode, useId, useState } from "react";
import { IconButton } from "./button.tsx";

interface Labels {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with the value, in words; marks the control as invalid. */
  readonly error?: string | undefined;
}

interface ControlProps {
  readonly id: string;
  readonly "aria-describedby": string | undefined;
  readonly "aria-invalid": boolean | undefined;
}

interface FieldProps extends Labels {
  readonly children: (control: ControlProps) => ReactNode;
}

/** Gives any control its label, hint and error. */
export function Field({ label, hint, error, children }: FieldProps): ReactNode {
  const id = useId();
  const noteId = `${id}note`;
  const note = error ?? hint;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({ id, "aria-describedby": note ? noteId : undefined, "aria-invalid": error ? true : undefined })}
      {note && (
        <p id={noteId} role={error ? "alert" : undefined} className={`text-sm ${error ? "text-ink" : "text-muted"}`}>
          {note}
        </p>
      )}
    </div>
  );
}

export interface TextFieldProps extends Omit<ComponentProps<"input">, "id">, Labels {}

/** Without autocomplete by default: names, keys and addresses of people are not the browser's to remember. */
export function TextField({ label, hint, error, className = "", ...rest }: TextFieldProps): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => <input type="text" autoComplete="off" {...rest} {...control} className={`field ${className}`} />}
    </Field>
  );
}

/** A password with a button that shows it: typing blind is how people lock themselves out. */
export function PasswordField({ label, hint, error, ...rest }: TextFieldProps): ReactNode {
  const [shown, setShown] = useState(false);
  const name = label.replace(/ \(.*\)$/, "").toLowerCase();
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className="relative">
          <input
            autoComplete="off"
            spellCheck={false}
            {...rest}
            {...control}
            type={shown ? "text" : "password"}
            className="field pe-12"
          />
          <IconButton
            icon={shown ? EyeOff : Eye}
            label={`${shown ? "Hide" : "Show"} ${name}`}
            onClick={() => setShown(!shown)}
            className="ring-inside absolute inset-y-0 end-0 h-full"
          />
        </div>
      )}
    </Field>
  );
}

export interface LinesFieldProps extends Omit<ComponentProps<"textarea">, "id">, Labels {}

/** Several lines of what is copied letter by letter: keys, words, addresses. */
export function LinesField({ label, hint, error, ...rest }: LinesFieldProps): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <textarea
          dir="ltr"
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          {...rest}
          {...control}
          className="field resize-none font-mono"
        />
      )}
    </Field>
  );
}

export interface SelectFieldProps extends Omit<ComponentProps<"select">, "id">, Labels {}

/** The native list: it fits every screen and every keyboard. */
export function SelectField({ label, hint, error, children, ...rest }: SelectFieldProps): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <select {...rest} {...control} className="field">
          {children}
        </select>
      )}
    </Field>
  );
}
