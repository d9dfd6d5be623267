/** Couriers: by whom your cells leave, and for whom you carry. `:who` is a contact's name, npub or hex key. */

import { Hono } from "hono";
import * as v from "valibot";
import { parseDuration } from "../files/duration.ts";
import { actingMessenger } from "./acting.ts";
import type { CouriersView, Done, NewVoucher } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { couriersSchema, doneSchema, newVoucherSchema } from "./schemas.ts";

const allow = v.strictObject({ cellsPerDay: v.number() });
const use = v.strictObject({ who: v.string() });
const voucher = v.strictObject({ cells: v.number(), expires: v.string() });
const redeem = v.strictObject({ who: v.string(), code: v.string() });

export function courierRoutes({ services }: Api): Routes {
  const messengerOf = actingMessenger(services);
  return new Hono<ApiEnvironment>()
    .get("/couriers", answers("Tells who carries for you, and for whom you carry", couriersSchema), (c) =>
      c.json<CouriersView>(messengerOf(c).couriers.view()),
    )
    .put("/couriers/use", answers("Sends your mail by a courier", couriersSchema), takes("json", use), (c) => {
      const { couriers } = messengerOf(c);
      couriers.use(c.req.valid("json").who);
      return c.json<CouriersView>(couriers.view());
    })
    .delete(
      "/couriers/use",
      answers("Revokes what the courier holds; your mail goes directly", couriersSchema),
      (c) => {
        const { couriers } = messengerOf(c);
        couriers.stop();
        return c.json<CouriersView>(couriers.view());
      },
    )
    .put(
      "/couriers/carrying/:who",
      answers("Carries for a contact, so many cells a day", couriersSchema),
      takes("json", allow),
      (c) => {
        const { couriers } = messengerOf(c);
        couriers.allow(c.req.param("who"), c.req.valid("json").cellsPerDay);
        return c.json<CouriersView>(couriers.view());
      },
    )
    .delete("/couriers/carrying/:who", answers("Carries for a contact no more", couriersSchema), (c) => {
      const { couriers } = messengerOf(c);
      couriers.end(c.req.param("who"));
      return c.json<CouriersView>(couriers.view());
    })
    .post(
      "/couriers/vouchers",
      answers("Makes a voucher, good once for so many cells", newVoucherSchema),
      takes("json", voucher),
      (c) => {
        const { cells, expires } = c.req.valid("json");
        return c.json<NewVoucher>(messengerOf(c).couriers.makeVoucher(cells, parseDuration(expires)));
      },
    )
    .post(
      "/couriers/redeem",
      answers("Presents a voucher to the contact who made it", doneSchema),
      takes("json", redeem),
      (c) => {
        const { who, code } = c.req.valid("json");
        messengerOf(c).couriers.redeem(who, code);
        return c.json<Done>({ ok: true });
      },
    );
}
