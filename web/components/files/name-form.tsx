/** A name that is being changed where it stands: Enter takes it, Escape leaves it. */
import { type KeyboardEvent, type ReactNode, type SubmitEvent, useState } from "react";
import { useAction } from "../../api/use-action.ts";
import { type Movable, place } from "./moving.ts";

export interface NameFormProps {
  readonly thing: Movable;
  readonly onDone: () => void;
}

export function NameForm({ thing, onDone }: NameFormProps): ReactNode {
  const [name, setName] = useState(thing.name);
  const { run } = useAction(async () => {
    if (name !== thing.name) await place(thing, { name });
    onDone();
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void run();
  };
  const leave = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onDone();
  };
  return (
    <form onSubmit={submit} className="min-w-0 grow">
      <input
        aria-label={`New name of ${thing.name}`}
        autoComplete="off"
        required
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the person asked for it by "Rename"
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={leave}
        className="field"
      />
    </form>
  );
}
