/** All routes as one application: guard, bounded bodies, errors as JSON, and the OpenAPI document of itself. */

import { Hono } from "hono";
import { type GenerateSpecOptions, generateSpecs } from "hono-openapi";
import { VERSION } from "../node/version.ts";
import { PERSONA_HEADER, personaGuard } from "./acting.ts";
import { boundedBody } from "./body.ts";
import { davRoutes } from "./dav/routes-dav.ts";
import { answersBytes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { answerError, GuardError } from "./errors.ts";
import { guard, SESSION_HEADER } from "./guard.ts";
import { agentRoutes } from "./routes-agents.ts";
import { channelPostRoutes, channelRoutes } from "./routes-channels.ts";
import { contactRoutes } from "./routes-contacts.ts";
import { conversationRoutes } from "./routes-conversations.ts";
import { fileRoutes } from "./routes-files.ts";
import { folderRoutes, versionRoutes } from "./routes-folders.ts";
import { courierRoutes } from "./routes-couriers.ts";
import { deviceRoutes } from "./routes-devices.ts";
import { groupMemberRoutes, groupRoutes } from "./routes-groups.ts";
import { identityRoutes } from "./routes-identity.ts";
import { linkRoutes } from "./routes-links.ts";
import { meshRoutes } from "./routes-mesh.ts";
import { messageRoutes } from "./routes-messages.ts";
import { mountRoutes } from "./routes-mount.ts";
import { networkRoutes } from "./routes-network.ts";
import { pageRoutes } from "./routes-pages.ts";
import { personaRoutes } from "./routes-personas.ts";
import { previewRoutes } from "./routes-previews.ts";
import { publicLinkRoutes } from "./routes-public-links.ts";
import { receivedRoutes } from "./routes-received.ts";
import { recoveryRoutes } from "./routes-recovery.ts";
import { sessionRoutes } from "./routes-session.ts";
import { settingsRoutes } from "./routes-settings.ts";
import { statusRoutes } from "./routes-status.ts";
import { vaultRoutes } from "./routes-vault.ts";
import { uploadRoutes } from "./routes-uploads.ts";
import type { StaticFolder } from "./static.ts";

export interface Pages {
  readonly app: StaticFolder;
  readonly download: StaticFolder;
}

const DESCRIPTION =
  `The API of a running node, on this machine only. With the header \`${PERSONA_HEADER}\` (the id of a persona) the calls ` +
  "about contacts, invites, conversations, messages, groups, inbox and search act for that persona.";

const DOCUMENTATION: Partial<GenerateSpecOptions> = {
  excludeStaticFile: false,
  defaultValidationErrorResponse: false,
  documentation: {
    info: { title: "Nocturne", version: VERSION, description: DESCRIPTION },
    components: { securitySchemes: { session: { type: "apiKey", in: "header", name: SESSION_HEADER } } },
    security: [{ session: [] }],
  },
};

/** `port` is asked at every request, because it is known only once the server listens. */
export function createApp(api: Api, pages: Pages, port: () => number): Routes {
  const app = new Hono<ApiEnvironment>();
  app.onError((error, c) => answerError(error, c, api.services.log));
  app.use(guard(port, api.sessions));
  app.use(boundedBody);
  app.use("/api/*", personaGuard);
  const routes = [sessionRoutes, statusRoutes, identityRoutes, vaultRoutes, recoveryRoutes, settingsRoutes];
  const spoken = [personaRoutes, contactRoutes, conversationRoutes, messageRoutes, receivedRoutes];
  const ways = [networkRoutes, courierRoutes, deviceRoutes];
  const shared = [groupRoutes, groupMemberRoutes, channelRoutes, channelPostRoutes];
  // "/files/search" before "/files/:id"
  const stored = [
    mountRoutes,
    folderRoutes,
    fileRoutes,
    versionRoutes,
    previewRoutes,
    linkRoutes,
    uploadRoutes,
    meshRoutes,
    agentRoutes,
  ];
  for (const make of [...routes, ...spoken, ...ways, ...shared, ...stored]) app.route("/api", make(api));
  app.get("/api/openapi.json", answersBytes("This document", ["application/json"]), async (c) =>
    c.json(await generateSpecs(app, DOCUMENTATION)),
  );
  app.all("/api/*", () => {
    throw new GuardError(404, "unknown_path", "There is no such call.", { hint: "See /api/openapi.json." });
  });
  app.route("/dav", davRoutes(api));
  app.route("/s", publicLinkRoutes(api, pages.download));
  app.route("/", pageRoutes(pages.app));
  return app;
}
