/** Everything known of one message: when, how far, how it was protected. */
import { type ReactNode, useContext } from "react";
import type { DeliveryState, Message } from "../../../src/api/contract.ts";
import { formatMoment } from "../../lib/format.ts";
import { filesWords } from "../../lib/shared-words.ts";
import { Modal } from "../modal.tsx";
import { MessageActions } from "./message-actions.ts";

export interface MessageDetailsProps {
  /** Null while closed. */
  readonly message: Message | null;
  readonly onClose: () => void;
}

const STATES: Record<DeliveryState, string> = {
  queued: "Queued: it waits on this machine",
  sent: "Sent: a relay has taken it",
  delivered: "Delivered: it is on the other machine",
  read: "Read",
};

/** Of a message to several people the last of them counts. */
const STATES_OF_MANY: typeof STATES = { ...STATES, delivered: "Delivered: it is on the machines of all members" };

const PROFILES: Record<Message["profile"], string> = {
  hidden: "Encrypted and hidden by Nocturne",
  interop: "Not hidden: an ordinary Nostr direct message",
};

export function MessageDetails({ message, onClose }: MessageDetailsProps): ReactNode {
  const { showNames } = useContext(MessageActions);
  const states = showNames ? STATES_OF_MANY : STATES;
  return (
    <Modal title="Message" open={message !== null} onClose={onClose}>
      {message && (
        <dl className="flex flex-col">
          {factsOf(message, states).map(([name, value]) => (
            <div key={name} className="flex flex-wrap justify-between gap-x-6 border-t border-divider py-2.5">
              <dt className="text-muted">{name}</dt>
              <dd className="wrap-anywhere">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Modal>
  );
}

function factsOf(message: Message, states: typeof STATES): [string, ReactNode][] {
  const { from, mine, at, state, waiting, editedAt, expiresAt, profile, reactions, files } = message;
  const facts: readonly (readonly [string, ReactNode])[] = [
    ["From", mine ? "You" : <bdi key="name">{from.name}</bdi>],
    ["Written", formatMoment(at)],
    ["State", mine ? states[state] : state === "read" ? "Read" : "Not read yet"],
    ["Waits because", waiting],
    ["Edited", editedAt && formatMoment(editedAt)],
    ["Disappears", expiresAt && formatMoment(expiresAt)],
    ["Protection", PROFILES[profile]],
    ["Files", filesWords(files)],
    ...reactions.map(({ emoji, by }) => [emoji, by.map(({ name }) => name).join(", ")] as const),
  ];
  return facts.flatMap(([name, value]) => (value ? [[name, value]] : []));
}
