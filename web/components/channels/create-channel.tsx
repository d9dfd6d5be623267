/** Making a channel: its name, what it is about, and who will be able to see what. */
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Channel, CreateChannel as CreateChannelRequest } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { RELAY_SEES } from "../../lib/channel-words.ts";
import { Field, TextField } from "../field.tsx";
import { ModalForm } from "../modal.tsx";

export function CreateChannel({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = useAction(async () => {
    const request: CreateChannelRequest = { name: name.trim(), description: description.trim() };
    const { id } = await call<Channel>("POST", "/channels", request);
    await queryClient.invalidateQueries({ queryKey: keys.channels });
    onClose();
    navigate(`/channels/${id}`);
  });
  return (
    <ModalForm
      title="Make a channel"
      open
      onClose={onClose}
      action="Make it"
      busy={create.busy}
      onSubmit={() => void create.run()}
    >
      <TextField
        label="Name"
        dir="auto"
        required
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="Its readers see it. It cannot be changed later."
      />
      <Field label="What it is about (optional)">
        {(control) => (
          <textarea
            {...control}
            dir="auto"
            rows={2}
            maxLength={1024}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
            className="field resize-none"
          />
        )}
      </Field>
      <p className="text-sm text-muted">Only you post; whoever has the link reads. {RELAY_SEES}</p>
    </ModalForm>
  );
}
