/** The mount: whether the library is a drive for other programs of this machine, and how to mount it. */

import { Hono } from "hono";
import * as v from "valibot";
import { MOUNT_USER } from "../node/mount.ts";
import type { MountPassword, MountView } from "./contract.ts";
import { DAV_ROOT } from "./dav/dav-path.ts";
import { mountWays } from "./dav/mount-ways.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { mountPasswordSchema, mountSchema } from "./schemas.ts";

const change = v.strictObject({ on: v.exactOptional(v.boolean()), newPassword: v.exactOptional(v.boolean()) });

export function mountRoutes({ services: { mount, place, bus } }: Api): Routes {
  const view = (): MountView => {
    const url = `${place.origin}${DAV_ROOT}/`;
    return { on: mount.isOn, url, user: MOUNT_USER, ways: mountWays(url, MOUNT_USER) };
  };
  return new Hono<ApiEnvironment>()
    .get("/mount", answers("Tells of the mount", mountSchema), (c) => c.json<MountView>(view()))
    .patch("/mount", answers("Turns the mount on or off", mountSchema), takes("json", change), (c) => {
      const { on, newPassword: renew = false } = c.req.valid("json");
      mount.change({ renew, ...(on === undefined ? {} : { on }) });
      bus.emit({ event: "settings" });
      return c.json<MountView>(view());
    })
    .post("/mount/password", answers("Shows the mount's password", mountPasswordSchema), (c) =>
      c.json<MountPassword>({ password: mount.password() }),
    );
}
