/** Contacts: everybody you know here, the blocked ones last. */
import { QrCode, UserPlus, Users } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Contact } from "../../src/api/contract.ts";
import { useContacts } from "../api/queries.ts";
import { ButtonLink } from "../components/button.tsx";
import { Badge } from "../components/choice.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene } from "../components/scene.tsx";
import { StarSign } from "../components/star-sign.tsx";
import { standingOf } from "../lib/contact-words.ts";
import { shortNpub } from "../lib/format.ts";

/** Requests are not contacts yet and stand under Chats. */
export function ContactsScene(): ReactNode {
  const { data, error, refetch } = useContacts();
  const actions = (
    <>
      <ButtonLink href="/invite" icon={QrCode}>
        <span className="max-rail:sr-only">Invite</span>
      </ButtonLink>
      <ButtonLink kind="primary" href="/contacts/add" icon={UserPlus}>
        Add<span className="max-rail:sr-only"> contact</span>
      </ButtonLink>
    </>
  );
  return (
    <Scene title="Contacts" actions={actions}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading your contacts" />}
      {data && <ContactList contacts={data.filter(({ state }) => state !== "request")} />}
    </Scene>
  );
}

function ContactList({ contacts }: { readonly contacts: readonly Contact[] }): ReactNode {
  if (contacts.length === 0) {
    return (
      <Empty icon={Users} title="No contacts yet">
        Add somebody by an invite link, a QR code or an npub; or invite somebody, who then adds you.
      </Empty>
    );
  }
  const sorted = contacts.toSorted(byStandingAndName);
  return (
    <ul className="border-t border-divider">
      {sorted.map((contact) => (
        <li key={contact.npub} className="border-b border-divider py-1">
          <ContactRow contact={contact} />
        </li>
      ))}
    </ul>
  );
}

function ContactRow({ contact }: { readonly contact: Contact }): ReactNode {
  const standing = standingOf(contact);
  return (
    <Link
      href={`/contacts/${contact.npub}`}
      className="ring-inside flex min-h-16 items-center gap-3 rounded-xl px-2 transition-colors hover:bg-surface"
    >
      <StarSign npub={contact.npub} />
      <span className="min-w-0 grow">
        <span className="block truncate font-medium">
          <bdi>{contact.name}</bdi>
        </span>
        <span dir="ltr" className="block truncate font-mono text-sm text-muted">
          {shortNpub(contact.npub)}
        </span>
      </span>
      {standing && <Badge>{standing}</Badge>}
    </Link>
  );
}

function byStandingAndName(a: Contact, b: Contact): number {
  const blocked = Number(a.state === "blocked") - Number(b.state === "blocked");
  return blocked || a.name.localeCompare(b.name);
}
