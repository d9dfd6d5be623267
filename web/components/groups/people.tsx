/** The people of a group: who is in, who was asked, who wants to come in; and what an admin can do about each. */
import { Check, IdCard, Shield, ShieldOff, UserMinus, UserPlus, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Group, GroupMember } from "../../../src/api/contract.ts";
import { changeGroup } from "../../api/groups.ts";
import { useContacts } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { shortNpub } from "../../lib/format.ts";
import { membersIn, NEW_MEMBERS_READ } from "../../lib/group-words.ts";
import { Button } from "../button.tsx";
import { Badge } from "../choice.tsx";
import { ActionMenu, type MenuAction } from "../menu.tsx";
import { Section } from "../scene.tsx";
import { StarSign } from "../star-sign.tsx";
import { InvitePeople, RemoveMember } from "./group-dialogs.tsx";

interface PeopleProps {
  readonly group: Group;
}

export function Members({ group }: PeopleProps): ReactNode {
  const [inviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState<GroupMember | null>(null);
  const members = membersIn(group, "member");
  return (
    <Section title={`Members (${members.length})`} id="members">
      <ul className="-mt-3 flex flex-col">
        {members.map((member) => (
          <Row key={member.npub} member={member}>
            {member.admin && <Badge>Admin</Badge>}
            <MemberMenu group={group} member={member} onRemove={() => setLeaving(member)} />
          </Row>
        ))}
      </ul>
      {group.admin && (
        <div>
          <Button icon={UserPlus} onClick={() => setInviting(true)}>
            Invite people
          </Button>
        </div>
      )}
      {inviting && <InvitePeople group={group} onClose={() => setInviting(false)} />}
      {leaving && <RemoveMember group={group} member={leaving} onClose={() => setLeaving(null)} />}
    </Section>
  );
}

interface MemberMenuProps extends PeopleProps {
  readonly member: GroupMember;
  readonly onRemove: () => void;
}

interface RowProps {
  readonly member: GroupMember;
  /** The whole key is shown, and on a narrow screen what can be done stands below it. */
  readonly wraps?: boolean;
  readonly children: ReactNode;
}

/** A name that somebody gave himself could be that of a friend: who is no contact is marked. */
function Row({ member, wraps = false, children }: RowProps): ReactNode {
  const { data: contacts } = useContacts();
  const { npub, name, me } = member;
  const stranger = !me && contacts?.every((contact) => contact.npub !== npub);
  return (
    <li
      className={`flex min-h-16 items-center gap-3 border-b border-divider py-2 ${wraps ? "max-rail:flex-wrap" : ""}`}
    >
      <StarSign npub={npub} />
      <span className={`min-w-0 grow ${wraps ? "max-rail:basis-[calc(100%-3.5rem)]" : ""}`}>
        <span className="block truncate font-medium">
          <bdi>{name}</bdi>
          {me && <span className="font-normal text-muted"> (you)</span>}
        </span>
        <span dir="ltr" className={`block font-mono text-sm text-muted ${wraps ? "wrap-anywhere" : "truncate"}`}>
          {wraps ? npub : shortNpub(npub)}
        </span>
        {stranger && <span className="block text-sm text-muted">Not among your contacts</span>}
      </span>
      {children}
    </li>
  );
}

/** Without anything to choose there is no menu, but its place, so that the badges stay in one line. */
function MemberMenu({ group, member, onRemove }: MemberMenuProps): ReactNode {
  const { data: contacts = [] } = useContacts();
  const [, navigate] = useLocation();
  const { npub, name, admin, me } = member;
  const appoint = useAction(() => changeGroup(group.id, "PUT", `/members/${npub}/admin`, { admin: !admin }));
  const card: MenuAction = { label: "Contact card", icon: IdCard, onSelect: () => navigate(`/contacts/${npub}`) };
  const rank: MenuAction = admin
    ? { label: "No longer an admin", icon: ShieldOff, onSelect: () => void appoint.run() }
    : { label: "Make an admin", icon: Shield, onSelect: () => void appoint.run() };
  const remove: MenuAction = { label: "Remove…", icon: UserMinus, onSelect: onRemove };
  const others = group.members.filter((other) => other.state === "member").length > 1;
  const actions = [
    ...(contacts.some((contact) => contact.npub === npub) ? [card] : []),
    ...(group.admin && others ? [rank] : []),
    ...(group.admin && !me ? [remove] : []),
  ];
  if (actions.length === 0) return <span className="size-11 shrink-0" />;
  return <ActionMenu label={`Actions for ${name}`} actions={actions} />;
}

/** Who came by the link waits for a decision; that comes first. */
export function Applied({ group }: PeopleProps): ReactNode {
  const { let: letIn, refuse } = useDecision(group);
  const applied = membersIn(group, "applied");
  if (applied.length === 0) return null;
  return (
    <Section title="They want to come in" id="applied">
      <p className="text-muted">
        They came by the join link. Anybody who has it can ask, and a name is self-chosen and proves nothing: let the
        person tell you the key over another channel. {NEW_MEMBERS_READ}
      </p>
      <ul className="-mt-3 flex flex-col">
        {applied.map((member) => (
          <Row key={member.npub} member={member} wraps>
            <Button icon={Check} busy={letIn.busy} onClick={() => void letIn.run(member.npub)}>
              Let in<span className="sr-only"> {member.name}</span>
            </Button>
            <Button icon={X} busy={refuse.busy} onClick={() => void refuse.run(member.npub)}>
              Refuse<span className="sr-only"> {member.name}</span>
            </Button>
          </Row>
        ))}
      </ul>
    </Section>
  );
}

export function Invited({ group }: PeopleProps): ReactNode {
  const { refuse } = useDecision(group);
  const invited = membersIn(group, "invited");
  if (invited.length === 0) return null;
  return (
    <Section title="Asked, not yet here" id="invited">
      <p className="text-muted">They come in once their Nocturne runs and hears of it. {NEW_MEMBERS_READ}</p>
      <ul className="-mt-3 flex flex-col">
        {invited.map((member) => (
          <Row key={member.npub} member={member}>
            <Button icon={X} busy={refuse.busy} onClick={() => void refuse.run(member.npub)}>
              Take back<span className="sr-only"> the invitation of {member.name}</span>
            </Button>
          </Row>
        ))}
      </ul>
    </Section>
  );
}

interface Decision {
  readonly let: ReturnType<typeof useAction<[string]>>;
  /** Also takes an invitation back. */
  readonly refuse: ReturnType<typeof useAction<[string]>>;
}

function useDecision({ id }: Group): Decision {
  return {
    let: useAction((npub: string) => changeGroup(id, "POST", `/members/${npub}/approve`)),
    refuse: useAction((npub: string) => changeGroup(id, "DELETE", `/members/${npub}`)),
  };
}
