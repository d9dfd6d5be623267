/** Sending a file of the library: one chooses the conversation, and finds the file attached there. */
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { useContacts, useConversations } from "../../api/queries.ts";
import { destinationsOf, matching } from "../../lib/destinations.ts";
import { WHO_OPENS_WORDS } from "../../lib/shared-words.ts";
import { draftOf, editDraft } from "../../stores/drafts.ts";
import { SearchField } from "../chat/search-field.tsx";
import { Modal } from "../modal.tsx";
import { StarSign } from "../star-sign.tsx";
import type { FileDialogProps } from "./file-dialogs.tsx";

/** From here on a list is too long to be looked through. */
const FILTER_FROM = 6;

/** Nothing leaves before the person presses Send there. */
export function SendDialog({ file, onClose }: FileDialogProps): ReactNode {
  const { data: conversations = [] } = useConversations();
  const { data: contacts = [] } = useContacts();
  const [typed, setTyped] = useState("");
  const [, navigate] = useLocation();
  const ofPeople = conversations.filter(({ kind }) => kind !== "channel");
  const all = destinationsOf(ofPeople, contacts, false).flatMap(({ href, name, npub: id }) =>
    id === undefined ? [] : [{ href, name, id }],
  );
  const found = matching(all, typed);
  const choose = (id: string, href: string): void => {
    const { files } = draftOf(id);
    if (!files.some((one) => one.id === file.id)) editDraft(id, { files: [...files, file] });
    onClose();
    navigate(href);
  };
  return (
    <Modal
      title="Send to"
      description={`It is attached to your next message there. ${WHO_OPENS_WORDS}`}
      open
      onClose={onClose}
    >
      {all.length >= FILTER_FROM && (
        <SearchField label="Find somebody" value={typed} onChange={setTyped} onClear={() => setTyped("")} />
      )}
      <ul className="mt-2 max-h-80 overflow-y-auto">
        {found.map(({ id, href, name }) => (
          <li key={id} className="border-t border-divider py-1">
            <button
              type="button"
              onClick={() => choose(id, href)}
              className="ring-inside flex min-h-12 w-full items-center gap-3 rounded-lg px-2 text-start hover:bg-divider"
            >
              <StarSign npub={id} className="size-8" />
              <bdi className="truncate">{name}</bdi>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="text-muted">Nobody of that name. Add a contact first.</p>}
    </Modal>
  );
}
