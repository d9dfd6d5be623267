/** Where to begin, who is met, and what this machine keeps for others: to join, and to change it later. */
import { type ReactNode, type SubmitEvent, useState } from "react";
import type { MeshView } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { joinMesh } from "../../api/mesh.ts";
import { useSpace } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { formatBytes } from "../../lib/format.ts";
import { fieldOf, type JoinField, joinOf, type JoinTyped, typedOf, wrongField } from "../../lib/join-form.ts";
import { notify, showFailure } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { Choice } from "../choice.tsx";
import { LinesField, TextField } from "../field.tsx";
import { Toggle } from "../toggle.tsx";

const LINES_SHOWN = 3;

interface Wrong {
  readonly field: JoinField;
  readonly words: string;
}

interface FieldsProps {
  readonly typed: JoinTyped;
  readonly wrong: Wrong | null;
  readonly onEdit: (change: Partial<JoinTyped>) => void;
}

export function JoinForm({ mesh }: { readonly mesh: MeshView }): ReactNode {
  const [typed, setTyped] = useState(() => typedOf(mesh));
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const refused = (error: unknown): void => {
    const field = error instanceof ApiFailure ? fieldOf(error.code) : null;
    if (field !== null && error instanceof ApiFailure) setWrong({ field, words: error.words });
    else showFailure(error);
  };
  const join = useAction(async () => {
    await joinMesh(joinOf(typed, mesh));
    if (mesh.on) notify("Saved");
  }, refused);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const found = wrongField(typed, mesh);
    setWrong(found);
    if (!found) void join.run();
  };
  const onEdit = (change: Partial<JoinTyped>): void => setTyped((before) => ({ ...before, ...change }));
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-6">
      <Beginning typed={typed} wrong={wrong} onEdit={onEdit} knowsKey={mesh.isPrivate} />
      <Sharing typed={typed} wrong={wrong} onEdit={onEdit} />
      <Button type="submit" kind={mesh.on ? "plain" : "primary"} busy={join.busy} className="self-start">
        {mesh.on ? "Save" : "Join the mesh"}
      </Button>
    </form>
  );
}

function Beginning({ typed, wrong, onEdit, knowsKey }: FieldsProps & { readonly knowsKey: boolean }): ReactNode {
  return (
    <>
      <LinesField
        label="Nodes to begin with"
        hint="One a line, as whoever runs a node gives them to you. Others are found from there."
        error={wordsAt(wrong, "addresses")}
        rows={LINES_SHOWN}
        value={typed.addresses}
        onChange={(event) => onEdit({ addresses: event.target.value })}
      />
      <Toggle
        label="Nodes in the local network"
        note="They are looked for, and this machine shows itself to them."
        checked={typed.lan}
        onChange={(lan) => onEdit({ lan })}
      />
      <Choice
        legend="Which mesh"
        name="mesh"
        value={typed.isPrivate ? "private" : "everybody"}
        options={[
          { value: "everybody", title: "The mesh of everybody" },
          { value: "private", title: "A private one", note: "Only nodes that have the same key are met." },
        ]}
        onChange={(value) => onEdit({ isPrivate: value === "private" })}
      />
      {typed.isPrivate && (
        <TextField
          label="Key of the private mesh"
          hint={knowsKey ? "64 hex digits. Left empty, it stays the one you gave." : "64 hex digits."}
          error={wordsAt(wrong, "networkKey")}
          dir="ltr"
          spellCheck={false}
          value={typed.networkKey}
          onChange={(event) => onEdit({ networkKey: event.target.value })}
          className="font-mono"
        />
      )}
    </>
  );
}

function Sharing({ typed, wrong, onEdit }: FieldsProps): ReactNode {
  return (
    <>
      <Choice
        legend="This machine’s disk"
        name="share"
        value={typed.isSharing ? "some" : "none"}
        options={[
          { value: "none", title: "Keep nothing for others" },
          {
            value: "some",
            title: "Keep fragments for others, too",
            note: "Nobody can read them here. A node should run most of the time.",
          },
        ]}
        onChange={(value) => onEdit({ isSharing: value === "some" })}
      />
      {typed.isSharing && <ShareFields typed={typed} wrong={wrong} onEdit={onEdit} />}
    </>
  );
}

function ShareFields({ typed, wrong, onEdit }: FieldsProps): ReactNode {
  const { data: space } = useSpace();
  return (
    <>
      <TextField
        label="How much, in gigabytes"
        hint={space ? `${formatBytes(space.freeBytes)} are free on this disk.` : undefined}
        error={wordsAt(wrong, "gigabytes")}
        inputMode="decimal"
        value={typed.gigabytes}
        onChange={(event) => onEdit({ gigabytes: event.target.value })}
        className="max-w-40"
      />
      <TextField
        label="Port"
        hint="This one and the next: open both in your router, so that others reach you. 0 takes any that are free."
        error={wordsAt(wrong, "port")}
        inputMode="numeric"
        value={typed.port}
        onChange={(event) => onEdit({ port: event.target.value })}
        className="max-w-40"
      />
      <Toggle
        label="Repair files of others"
        note="This machine asks other nodes whether they still have what they took, and replaces what is lost. It cannot read any of it."
        checked={typed.care}
        onChange={(care) => onEdit({ care })}
      />
    </>
  );
}

function wordsAt(wrong: Wrong | null, field: JoinField): string | undefined {
  return wrong?.field === field ? wrong.words : undefined;
}
