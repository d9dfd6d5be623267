/** A group: who is in it, who may come, its link, its name, and the way out. */
import { DoorOpen, LogOut, MessageSquare, Pencil, UsersRound } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Group } from "../../src/api/contract.ts";
import { useGroup } from "../api/groups.ts";
import { useConversation } from "../api/queries.ts";
import { Button, ButtonLink } from "../components/button.tsx";
import { ConversationRoute } from "../components/chat/conversation-route.tsx";
import { Empty, LoadFailure, Notice, Skeleton } from "../components/feedback.tsx";
import { LeaveGroup, RenameGroup } from "../components/groups/group-dialogs.tsx";
import { GroupLink } from "../components/groups/group-link.tsx";
import { Applied, Invited, Members } from "../components/groups/people.tsx";
import { RelaySees } from "../components/relay-sees.tsx";
import { Scene, Section } from "../components/scene.tsx";
import { StarSign } from "../components/star-sign.tsx";
import { groupStanding, MEMBERS_SEE } from "../lib/group-words.ts";

export function GroupScene({ id }: { readonly id: string }): ReactNode {
  const listed = useConversation(id);
  const { data: group, error, refetch } = useGroup(listed?.kind === "group" ? id : null);
  if (group) return <GroupPage group={group} />;
  const unknown = listed !== undefined && listed?.kind !== "group";
  if (!unknown && !error) return <Skeleton label="Loading the group" />;
  return (
    <Scene title="Group" back="/chats">
      {unknown ? (
        <Empty icon={UsersRound} title="No such group" action={<ButtonLink href="/chats">All chats</ButtonLink>}>
          You are not in this group, or it is not on this machine.
        </Empty>
      ) : (
        <LoadFailure error={error} onRetry={() => void refetch()} />
      )}
    </Scene>
  );
}

/** Whoever waits for a decision comes first. */
function GroupPage({ group }: { readonly group: Group }): ReactNode {
  const { id, name, admin, joined } = group;
  return (
    <Scene title="Group" back={`/chats/${id}`}>
      <div className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-5 gap-y-4 pb-8 rail:grid-cols-[auto_minmax(0,1fr)_auto]">
        <StarSign npub={id} className="size-16 self-start" />
        <div>
          <p className="text-xl font-semibold wrap-anywhere">
            <bdi>{name}</bdi>
          </p>
          <p className="text-muted">{groupStanding(group)}</p>
          {joined && <p className="text-muted">{admin ? "You are an admin." : "Admins decide who comes in."}</p>}
        </div>
        {joined && (
          <ButtonLink kind="primary" href={`/chats/${id}`} icon={MessageSquare} className="max-rail:col-span-2">
            Write
          </ButtonLink>
        )}
      </div>
      {!joined && <Gone />}
      <Applied group={group} />
      <Members group={group} />
      <Invited group={group} />
      {admin && (
        <Section title="Join link" id="link">
          <GroupLink group={group} />
        </Section>
      )}
      {joined && <RelaySees />}
      {joined && <ConversationRoute who={id} />}
      {joined && <Manage group={group} />}
    </Scene>
  );
}

function Gone(): ReactNode {
  return (
    <div className="pb-8">
      <Notice icon={DoorOpen} title="You are not in this group any more">
        You get nothing of what is written there now. What came until then stays on this machine. The members below are
        those of that time.
      </Notice>
    </div>
  );
}

function Manage({ group }: { readonly group: Group }): ReactNode {
  const [question, setQuestion] = useState<"rename" | "leave" | null>(null);
  const close = (): void => setQuestion(null);
  return (
    <Section title="Manage" id="manage">
      <div className="flex flex-wrap gap-3">
        {group.admin && (
          <Button icon={Pencil} onClick={() => setQuestion("rename")}>
            Rename
          </Button>
        )}
        <Button icon={LogOut} onClick={() => setQuestion("leave")}>
          Leave
        </Button>
      </div>
      <p className="text-muted">{MEMBERS_SEE}</p>
      {question === "rename" && <RenameGroup group={group} onClose={close} />}
      {question === "leave" && <LeaveGroup group={group} onClose={close} />}
    </Section>
  );
}
