/**
 * Ctrl+K: type a few letters, go to a person or a scene. An editable combobox as the ARIA practices
 * describe it: the input keeps the focus and the keys, the list is pointed at.
 */
/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/click-events-have-key-events -- HTML has no such combobox */
import { ArrowRight } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useState } from "react";
import { useLocation } from "wouter";
import { useContacts, useConversations } from "../../api/queries.ts";
import { type Destination, destinationsOf, matching } from "../../lib/destinations.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { Modal } from "../modal.tsx";
import { StarSign } from "../star-sign.tsx";

export interface SwitcherProps {
  readonly open: boolean;
  readonly onClose: () => void;
}

/** Mounted only while open: it begins empty each time. */
export function Switcher({ open, onClose }: SwitcherProps): ReactNode {
  return (
    <Modal title="Go to" open={open} onClose={onClose}>
      {open && <SwitcherBody onClose={onClose} />}
    </Modal>
  );
}

function SwitcherBody({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { data: conversations = [] } = useConversations();
  const { data: contacts = [] } = useContacts();
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const acting = useStore(actingStore);
  const found = matching(destinationsOf(conversations, contacts, acting !== null), typed);
  const go = (destination: Destination | undefined): void => {
    if (!destination) return;
    onClose();
    navigate(destination.href);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setActive((active + step + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") go(found[active]);
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex flex-col gap-3">
      <input
        role="combobox"
        aria-expanded
        aria-controls={`${id}list`}
        aria-activedescendant={found[active] ? `${id}${active}` : undefined}
        aria-label="Person or place"
        placeholder="Type a name"
        autoComplete="off"
        dir="auto"
        value={typed}
        onChange={(event) => (setTyped(event.target.value), setActive(0))}
        onKeyDown={onKeyDown}
        className="field"
      />
      <div
        id={`${id}list`}
        role="listbox"
        aria-label="Places"
        className="flex max-h-[50dvh] min-h-60 flex-col overflow-y-auto"
      >
        {found.map((destination, i) => (
          <Item key={destination.href} id={`${id}${i}`} destination={destination} active={i === active} onGo={go} />
        ))}
      </div>
      {found.length === 0 && <p className="text-muted">Nobody and nothing of that name.</p>}
    </div>
  );
}

interface ItemProps {
  readonly id: string;
  readonly destination: Destination;
  readonly active: boolean;
  readonly onGo: (destination: Destination) => void;
}

function Item({ id, destination, active, onGo }: ItemProps): ReactNode {
  const { name, npub } = destination;
  useEffect(() => {
    if (active) document.getElementById(id)?.scrollIntoView({ block: "nearest" });
  }, [active, id]);
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      onClick={() => onGo(destination)}
      className={`flex min-h-12 shrink-0 cursor-pointer items-center gap-3 rounded-lg px-2 hover:bg-divider ${active ? "bg-divider" : ""}`}
    >
      {npub ? (
        <StarSign npub={npub} className="size-8" />
      ) : (
        <ArrowRight aria-hidden className="mx-1.5 size-5 text-muted rtl:-scale-x-100" />
      )}
      <span className="truncate">
        <bdi>{name}</bdi>
      </span>
    </div>
  );
}
