/** The decrypted bytes of a voice note: one's own lies in the library, another's is fetched by the node. */
import type { Message, MessageFile } from "../../src/api/contract.ts";
import { failureOf, sessionHeader, unreachable } from "./client.ts";

/** Throws ApiFailure, for example when the sender's machine does not answer. */
export async function voiceBytes(message: Message, file: MessageFile): Promise<Blob> {
  const path = message.mine ? `/files/${file.id}/content` : `/messages/${message.id}/files/${file.id}/content`;
  const headers = { ...sessionHeader(), "content-type": "application/json" };
  const answer = await fetch(`/api${path}`, { method: "POST", headers, body: "{}", cache: "no-store" }).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) throw failureOf(answer.status, await answer.text());
  return new Blob([await answer.arrayBuffer()], { type: typeOf(file.name) });
}

/** By the name's ending: the node knows bytes only, and a browser that gets none guesses well enough. */
function typeOf(name: string): string {
  if (name.endsWith(".webm")) return "audio/webm";
  return name.endsWith(".m4a") ? "audio/mp4" : "";
}
