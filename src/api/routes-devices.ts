/** The devices of your account. `:id` is a device's id or name. */

import { Hono } from "hono";
import * as v from "valibot";
import { joinAccount } from "../node/join-account.ts";
import type { DeviceLinkView, DeviceView, IdentityView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { identityView } from "./identity-view.ts";
import { deviceLinkSchema, devicesSchema, identitySchema } from "./schemas.ts";

const join = v.object({ link: v.string(), name: v.string(), relay: v.exactOptional(v.string()) });

export function deviceRoutes({ services }: Api): Routes {
  const { messenger, vault } = services;
  return new Hono<ApiEnvironment>()
    .get("/devices", answers("Lists the devices of your account", devicesSchema), (c) =>
      c.json<DeviceView[]>(messenger.devices.list()),
    )
    .post("/devices/links", answers("Makes a link that brings in one device", deviceLinkSchema), (c) =>
      c.json<DeviceLinkView>(messenger.devices.createLink()),
    )
    .post(
      "/devices/join",
      answers("Makes this, a new installation, a device of the account that made the link", identitySchema),
      takes("json", join),
      async (c) => {
        await joinAccount(services, c.req.valid("json"), c.req.raw.signal);
        return c.json<IdentityView>(identityView(vault));
      },
    )
    .delete("/devices/:id", answers("Takes a device out of your account", devicesSchema), async (c) => {
      await messenger.devices.revoke(c.req.param("id"));
      return c.json<DeviceView[]>(messenger.devices.list());
    });
}
