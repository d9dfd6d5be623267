/**
 * The files of a message, and for whom each is sealed: for every device that is in the conversation now, by the keys
 * that one writes to it with. A device that comes later is none of them, and opens nothing that was sent before.
 *
 * One's own devices are among them. Where only a device's own elliptic-curve key is known (a linked device that has not
 * said its X-Wing key yet) its slot is by that alone; the link itself still travels in the conversation's session.
 */

import { fromBase64Url, fromHex } from "../core/bytes.ts";
import { FILE_LIMITS } from "../core/limits.ts";
import type { EnvelopeRecipient } from "../crypto/envelope.ts";
import { Addresses } from "./addresses.ts";
import type { Rooms } from "./composer.ts";
import type { Desk } from "./desk.ts";
import type { MessageFile, SendMessage } from "./views.ts";

export interface Audience {
  /** The conversation's public id, and what it is called. */
  readonly conversation: string;
  readonly name: string;
  /** Null: whoever has the link. */
  readonly recipients: readonly EnvelopeRecipient[] | null;
}

/** Shares each file of a request to a conversation by a link of its own. Throws what `share` throws. */
export async function shareAttachments(
  desk: Desk,
  share: (fileId: string, audience: Audience) => Promise<MessageFile>,
  { files = [], voiceSeconds, interop = false }: SendMessage,
  conversation: string,
): Promise<MessageFile[]> {
  if (files.length === 0) return [];
  const audience = audienceOf(desk, conversation, interop);
  const shared = await Promise.all(files.map((id) => share(id, audience)));
  return voiceSeconds === undefined ? shared : shared.map((file) => ({ ...file, voiceSeconds }));
}

/** No recipients with another Nostr program, which can only show a link; nor for more devices than there are slots. */
function audienceOf(desk: Desk, conversation: string, interop: boolean): Audience {
  const { conversations, reader } = desk;
  return {
    conversation: conversations.publicIdOf(conversation),
    name: reader.conversation(conversation).name,
    recipients: interop ? null : recipientsOf(desk, conversation),
  };
}

function recipientsOf(desk: Desk, conversation: string): EnvelopeRecipient[] | null {
  const { identity } = desk;
  const others = othersIn(desk, conversation);
  if (others.length >= FILE_LIMITS.slots) return null;
  const addresses = new Addresses(desk);
  const own = { nostrPublicKey: fromHex(identity.device), hybridPublicKey: identity.hybrid.publicKey };
  const rest = others.map((device): EnvelopeRecipient => {
    const hybrid = addresses.of(device)?.hybridPublicKey ?? null;
    const nostrPublicKey = fromHex(device);
    return hybrid === null ? { nostrPublicKey } : { nostrPublicKey, hybridPublicKey: fromBase64Url(hybrid) };
  });
  return [own, ...rest];
}

/** All devices in the conversation but this one. */
function othersIn({ groups, devices }: Rooms, conversation: string): string[] {
  const group = groups.get(conversation);
  if (group) return groups.others(group);
  return [...devices.devicesOf(conversation), ...devices.siblings().map(({ device }) => device)];
}
