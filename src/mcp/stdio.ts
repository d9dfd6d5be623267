/** The mesh's tools over standard input and output, for a host that starts this program. Nothing else may be written to stdout. */
import { once } from "node:events";
import process from "node:process";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { createMeshServer, type Mesh } from "./mesh-server.ts";

/** Resolves when the host has closed its end. */
export async function serveOnStdio(mesh: Mesh): Promise<void> {
  const ended = once(process.stdin, "close");
  const service = serveStdio(() => createMeshServer(mesh));
  await ended;
  await service.close();
}
