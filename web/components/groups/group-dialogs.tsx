/** What is asked before a group changes: a name, people, and the two things that cannot be taken back. */
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Group, GroupMember } from "../../../src/api/contract.ts";
import { changeGroup } from "../../api/groups.ts";
import { useContacts } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { canBeAsked, isLastAdmin, NEW_MEMBERS_READ } from "../../lib/group-words.ts";
import { Button } from "../button.tsx";
import { TextField } from "../field.tsx";
import { Modal, ModalForm } from "../modal.tsx";
import { ContactPicker } from "./contact-picker.tsx";

interface DialogProps {
  readonly group: Group;
  readonly onClose: () => void;
}

export function RenameGroup({ group, onClose }: DialogProps): ReactNode {
  const [name, setName] = useState(group.name);
  const rename = useAction(async () => {
    await changeGroup(group.id, "PATCH", "", { name: name.trim() });
    onClose();
  });
  return (
    <ModalForm
      title="Rename the group"
      open
      onClose={onClose}
      action="Save"
      busy={rename.busy}
      onSubmit={() => void rename.run()}
    >
      <TextField
        label="Name"
        dir="auto"
        required
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="It changes for all members, who see that you did it."
      />
    </ModalForm>
  );
}

/** Only who is neither in nor asked yet. */
export function InvitePeople({ group, onClose }: DialogProps): ReactNode {
  const { data = [] } = useContacts();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const invite = useAction(async () => {
    await changeGroup(group.id, "POST", "/members", { who: chosen });
    onClose();
  });
  const known = new Set(group.members.map(({ npub }) => npub));
  const others = data.filter((contact) => canBeAsked(contact) && !known.has(contact.npub));
  if (others.length === 0) {
    return (
      <Modal title="Invite people" open onClose={onClose}>
        <p className="text-muted">
          All contacts who can be asked are here or were asked already. Others can come by the group’s join link.
        </p>
      </Modal>
    );
  }
  return (
    <ModalForm
      title="Invite people"
      open
      onClose={onClose}
      action="Invite"
      busy={invite.busy}
      onSubmit={() => chosen.length > 0 && void invite.run()}
    >
      <ContactPicker legend="Who is asked to come" contacts={others} chosen={chosen} onChange={setChosen} />
      <p className="text-muted">{NEW_MEMBERS_READ}</p>
    </ModalForm>
  );
}

export interface RemoveMemberProps extends DialogProps {
  readonly member: GroupMember;
}

/** Says what a removal cannot do: what was received is on another's machine. */
export function RemoveMember({ group, member, onClose }: RemoveMemberProps): ReactNode {
  const { npub, name } = member;
  const remove = useAction(async () => {
    await changeGroup(group.id, "DELETE", `/members/${npub}`);
    onClose();
  });
  return (
    <ModalForm
      title={`Remove ${name}?`}
      open
      onClose={onClose}
      action="Remove"
      busy={remove.busy}
      onSubmit={() => void remove.run()}
    >
      <p>
        {name} cannot read what is written from now on. What {name} has received until now stays there: nobody can take
        it back.
      </p>
      <p className="text-muted">
        All members see that you did this.
        {group.link !== null && ` With the join link ${name} can ask to come back, and an admin decides again.`}
      </p>
    </ModalForm>
  );
}

export function LeaveGroup({ group, onClose }: DialogProps): ReactNode {
  const [, navigate] = useLocation();
  const leave = useAction(async () => {
    await changeGroup(group.id, "POST", "/leave");
    navigate(`/chats/${group.id}`);
  });
  if (isLastAdmin(group)) {
    return (
      <Modal title="Appoint an admin first" open onClose={onClose}>
        <p>
          You are the only admin, and without one nobody could be let in or removed any more. Make somebody else an
          admin, then leave.
        </p>
        <div className="mt-5 flex justify-end">
          <Button onClick={onClose}>Understood</Button>
        </div>
      </Modal>
    );
  }
  const alone = group.members.filter(({ state }) => state === "member").length === 1;
  return (
    <ModalForm
      title={`Leave ${group.name}?`}
      open
      onClose={onClose}
      action="Leave"
      busy={leave.busy}
      onSubmit={() => void leave.run()}
    >
      {alone ? (
        <p>Nobody else is in it: the group ends. What was written stays on this machine.</p>
      ) : (
        <p>
          You neither receive nor send anything there from then on; what came until now stays on this machine. The
          others see that you left, and keep what you wrote. To come back, you have to be asked or let in again.
        </p>
      )}
    </ModalForm>
  );
}
