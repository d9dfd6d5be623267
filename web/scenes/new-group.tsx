/** A new group: what it is called and who is asked to come. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import type { CreateGroup, Group } from "../../src/api/contract.ts";
import { call } from "../api/client.ts";
import { keepGroup } from "../api/groups.ts";
import { keys } from "../api/keys.ts";
import { queryClient, useContacts } from "../api/queries.ts";
import { useAction } from "../api/use-action.ts";
import { Button } from "../components/button.tsx";
import { LoadFailure, Skeleton } from "../components/feedback.tsx";
import { TextField } from "../components/field.tsx";
import { ContactPicker } from "../components/groups/contact-picker.tsx";
import { Scene } from "../components/scene.tsx";
import { canBeAsked, MEMBERS_SEE } from "../lib/group-words.ts";

export function NewGroupScene(): ReactNode {
  const { data, error, refetch } = useContacts();
  return (
    <Scene title="New group" back="/chats">
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading your contacts" />}
      {data && <Form contacts={data.filter(canBeAsked)} />}
    </Scene>
  );
}

/** Nobody has to be asked: a group can be filled by its link alone. */
function Form({ contacts }: { readonly contacts: Parameters<typeof ContactPicker>[0]["contacts"] }): ReactNode {
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  const create = useAction(async () => {
    const request: CreateGroup = { name: name.trim(), members: chosen };
    const group = await call<Group>("POST", "/groups", request);
    keepGroup(group);
    await queryClient.invalidateQueries({ queryKey: keys.conversations });
    navigate(`/chats/${group.id}`);
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (name.trim() === "") setProblem("Give the group a name.");
    else void create.run();
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-xl flex-col gap-6">
      <TextField
        label="Name"
        dir="auto"
        maxLength={64}
        value={name}
        onChange={(event) => (setName(event.target.value), setProblem(undefined))}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page begins with this
        autoFocus
        error={problem}
        hint="All members see it. Admins can change it later."
      />
      {contacts.length > 0 ? (
        <ContactPicker legend="Who is asked to come" contacts={contacts} chosen={chosen} onChange={setChosen} />
      ) : (
        <p className="text-muted">
          None of your contacts can be asked yet: they have to accept you first, and to use Nocturne. You can make the
          group all the same and give people its link.
        </p>
      )}
      <p className="text-muted">{MEMBERS_SEE}</p>
      <div>
        <Button type="submit" kind="primary" busy={create.busy}>
          Create the group
        </Button>
      </div>
      <p className="text-muted">
        Has somebody sent you the link of a group?{" "}
        <Link href="/groups/join" className="text-ink underline underline-offset-4">
          Join it
        </Link>
        .
      </p>
    </form>
  );
}
