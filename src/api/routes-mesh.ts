/**
 * The storage mesh: joined and left, how it is, and which files it keeps.
 *
 *     the mesh   GET, POST join, leave, vouchers           what nodes signed that they keep   GET receipts
 *     a file     POST, DELETE mesh: kept there or not      POST, DELETE local: its bytes on this disk or not
 */
import { Hono } from "hono";
import * as v from "valibot";
import type { FileView, MeshReceiptPage, MeshView, MeshVoucherView } from "./contract.ts";
import { answers, takes } from "./describe.ts";
import type { Api, ApiEnvironment, Routes } from "./environment.ts";
import { fileSchema } from "./schemas.ts";
import { meshSchema, receiptPageSchema, shareSchema, voucherSchema } from "./schemas-mesh.ts";

/** Strict: a misspelled limit must not look as if it had been set. */
const join = v.strictObject({
  bootstrap: v.exactOptional(v.array(v.string())),
  lan: v.exactOptional(v.boolean()),
  share: v.exactOptional(v.nullable(shareSchema)),
  networkKey: v.exactOptional(v.nullable(v.string())),
});
const number = v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number));
const page = v.object({ after: v.exactOptional(number), limit: v.exactOptional(number) });
const voucher = v.strictObject({ voucher: v.pipe(v.string(), v.maxLength(1024)) });

export function meshRoutes({ services }: Api): Routes {
  const { mesh, files } = services;
  return new Hono<ApiEnvironment>()
    .get("/mesh", answers("Tells how the storage mesh is, and what you keep there", meshSchema), (c) =>
      c.json<MeshView>(mesh.view()),
    )
    .post("/mesh/join", answers("Joins a storage mesh", meshSchema), takes("json", join), async (c) =>
      c.json<MeshView>(await mesh.join(c.req.valid("json"))),
    )
    .post("/mesh/leave", answers("Gives up what you keep in the mesh, and leaves it", meshSchema), async (c) =>
      c.json<MeshView>(await mesh.leave()),
    )
    .post("/mesh/vouchers", answers("Takes a node's promise of room", voucherSchema), takes("json", voucher), (c) =>
      c.json<MeshVoucherView>(mesh.addVoucher(c.req.valid("json").voucher)),
    )
    .get(
      "/mesh/receipts",
      answers("A page of what nodes signed that they keep for you", receiptPageSchema),
      takes("query", page),
      (c) => c.json<MeshReceiptPage>(mesh.receipts(c.req.valid("query"))),
    )
    .post("/files/:id/mesh", answers("Keeps a file in the mesh", fileSchema), (c) => {
      const id = c.req.param("id");
      files.mesh.keep(id);
      return c.json<FileView>(files.get(id));
    })
    .delete("/files/:id/mesh", answers("Keeps a file on this machine only", fileSchema), (c) => {
      const id = c.req.param("id");
      files.mesh.drop(id);
      return c.json<FileView>(files.get(id));
    })
    .post("/files/:id/local", answers("Brings a file's bytes back from the mesh", fileSchema), async (c) => {
      const id = c.req.param("id");
      await files.mesh.fetch(id);
      return c.json<FileView>(files.get(id));
    })
    .delete("/files/:id/local", answers("Takes a file's bytes off this disk", fileSchema), async (c) => {
      const id = c.req.param("id");
      await files.mesh.free(id);
      return c.json<FileView>(files.get(id));
    });
}
