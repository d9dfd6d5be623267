/**
 * Saves what the node decrypts: a ticket, then a form. The browser writes the attachment straight to disk,
 * whatever its size, and this page stays. What can go wrong (a wrong password, a damaged file) shows when
 * the ticket is asked for, because the node opens the file then.
 */
import type { DownloadTicket } from "../../src/api/contract.ts";
import { announceDownload } from "../lib/leave-guard.ts";
import { call } from "./client.ts";

/** `password` only for a content that has one; `version` for an earlier one. Throws ApiFailure, for example for a wrong password. */
export async function saveFile(id: string, password?: string, version?: string): Promise<void> {
  const body = { ...(password ? { password } : {}), ...(version ? { version } : {}) };
  const { ticket } = await call<DownloadTicket>("POST", `/files/${id}/ticket`, body);
  submitTicket(ticket);
}

/** Saves a file that somebody sent in a message; the node fetches it meanwhile. Throws ApiFailure. */
export async function saveReceived(message: string, file: string): Promise<void> {
  const path = `/messages/${message}/files/${encodeURIComponent(file)}/ticket`;
  submitTicket((await call<DownloadTicket>("POST", path, {})).ticket);
}

/** Saves a backup of the whole vault. */
export async function saveBackup(): Promise<void> {
  const { ticket } = await call<DownloadTicket>("POST", "/vault/backup/ticket", {});
  submitTicket(ticket);
}

/** A form instead of a link: the ticket must not stand in a URL, where histories and logs keep it. */
function submitTicket(ticket: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/api/files/download";
  form.hidden = true;
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "ticket";
  field.value = ticket;
  form.append(field);
  document.body.append(form);
  announceDownload();
  form.submit();
  form.remove();
}
