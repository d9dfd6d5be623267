/** The vault's door: passphrase, lock, unlock, wipe, backup. */

import { Hono } from "hono";
import * as v from "valibot";
import type { DownloadTicket, Done } from "./contract.ts";
import { answers, answersBytes, takes } from "./describe.ts";
import { sendDownload } from "./download.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { doneSchema, ticketSchema } from "./schemas.ts";
import type { Download } from "./tickets.ts";

const change = v.object({ next: v.string(), current: v.exactOptional(v.string()) });
const unlock = v.object({ passphrase: v.string() });
/** Spelled out, so that no stray call destroys an identity. */
const wipe = v.object({ confirm: v.literal("wipe") });

const BACKUP_NAME = "nocturne-backup.noct";

/** Whatever a browser kept of an open vault goes with it. */
const FORGET = { "clear-site-data": '"cache", "cookies", "storage"' };

export function vaultRoutes({ services, sessions, tickets, previews }: Api): Routes {
  const backup = (): Download => ({ name: BACKUP_NAME, bytes: null, open: () => services.vault.backup() });
  return new Hono<ApiEnvironment>()
    .post(
      "/vault/passphrase",
      answers("Sets or changes the passphrase", doneSchema),
      takes("json", change),
      async (c) => {
        const { next, current } = c.req.valid("json");
        await services.gate.setPassphrase(next, current);
        return c.json<Done>({ ok: true });
      },
    )
    .post("/vault/lock", answers("Locks the vault", doneSchema), async (c) => {
      tickets.clear();
      previews.clear();
      await services.gate.lock();
      return c.json<Done>({ ok: true }, 200, FORGET);
    })
    .post("/vault/unlock", answers("Unlocks the vault", doneSchema), takes("json", unlock), async (c) => {
      await services.gate.unlock(c.req.valid("json").passphrase);
      return c.json<Done>({ ok: true });
    })
    .post(
      "/vault/wipe",
      answers("Destroys the vault and stops the node", doneSchema),
      takes("json", wipe),
      async (c) => {
        tickets.clear();
        previews.clear();
        try {
          await services.gate.wipe();
        } finally {
          // A wipe that could not remove everything has taken the keys all the same: nothing here works any more.
          sessions.closeAll();
          services.stopRequest.resolve();
        }
        return c.json<Done>({ ok: true }, 200, FORGET);
      },
    )
    .get("/vault/backup", answersBytes("The whole vault and all files, sealed"), (c) =>
      sendDownload(c, backup(), services.log),
    )
    .post("/vault/backup/ticket", answers("A ticket to save the backup with a form", ticketSchema), (c) =>
      c.json<DownloadTicket>({ ticket: tickets.issue(backup()) }),
    );
}
