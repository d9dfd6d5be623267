/**
 * `nocturne id`: the identity, its import and export.
 *
 * The secret key comes in by stdin and goes out only under a password (NIP-49): a bare nsec would end up in a
 * scrollback or a shell's history.
 */

import type { Command } from "commander";
import type { ExportedIdentity, IdentityView } from "../../api/contract.ts";
import type { Context } from "../context.ts";
import { addPersonaCommands } from "./personas.ts";

export function addIdentityCommands(program: Command, context: Context): void {
  const id = program.command("id").description("your identity");
  addPersonaCommands(id, context);

  id.command("show")
    .description("your public key and fingerprint")
    .action(async () => {
      const client = await context.anyNode();
      const identity = await client.call<IdentityView>("GET", "/api/identity");
      context.output.result(identity, `${identity.npub}\nFingerprint: ${identity.fingerprint}`);
    });

  id.command("import")
    .description(
      "use an existing Nostr key (nsec, hex or ncryptsec on stdin; for ncryptsec its password on the second line)",
    )
    .action(async () => {
      const body = await readKey(context);
      const client = await context.anyNode();
      const identity = await client.call<IdentityView>("POST", "/api/identity/import", { json: body });
      context.output.result(identity, `You are now ${identity.npub}`);
    });

  id.command("export")
    .description("print your key, encrypted with a password (ncryptsec, NIP-49); the password comes on stdin")
    .action(async () => {
      const asked = await context.prompt.newSecret("Password for the exported key");
      const password = asked ?? (await context.prompt.stdin("a password"));
      const client = await context.anyNode();
      const exported = await client.call<ExportedIdentity>("POST", "/api/identity/export", { json: { password } });
      context.output.result(exported, exported.ncryptsec);
    });
}

/** A key, and for an encrypted one its password: on the next line, or asked for. */
async function readKey({ prompt }: Context): Promise<{ secret: string; password?: string }> {
  const [line = "", ...rest] = (await prompt.secretOrStdin("Secret key (nsec, ncryptsec or hex)", "the key")).split(
    "\n",
  );
  const secret = line.trim();
  if (rest.length > 0) return { secret, password: rest.join("\n") };
  const asked = secret.startsWith("ncryptsec") ? await prompt.secret("Password of this key") : null;
  return asked === null ? { secret } : { secret, password: asked };
}
