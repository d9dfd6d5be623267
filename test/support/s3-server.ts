/**
 * An S3-compatible service on this machine, with one bucket, that a test can switch off and on.
 *
 *   const s3 = await startS3(t);
 *   new Bucket({ ...s3.store });
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import S3rver from "s3rver";
import { atEnd, temporaryFolder } from "./cleanup.ts";

const BUCKET = "sealed";
/** The one key that this service knows. */
const KEY = "S3RVER";

export interface S3Server {
  /** As `Config.store` has it. */
  readonly store: { readonly url: string; readonly region: string; readonly keyId: string; readonly secret: string };
  /** The same for the environment of a node. */
  readonly env: { readonly NOCTURNE_STORE: string; readonly NOCTURNE_STORE_KEY: string };
  /** Names of the objects that it holds. */
  objects(): string[];
  read(name: string): Buffer;
  /** As its owner, or a thief at its disk, could. */
  overwrite(name: string, bytes: Uint8Array): void;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startS3(t: TestContext): Promise<S3Server> {
  const directory = temporaryFolder(t);
  let server: S3rver | null = null;
  let port = 0;
  const start = async (): Promise<void> => {
    server = new S3rver({
      address: "127.0.0.1",
      port,
      directory,
      silent: true,
      configureBuckets: [{ name: BUCKET, configs: [] }],
    });
    ({ port } = await server.run());
  };
  const stop = async (): Promise<void> => {
    await server?.close();
    server = null;
  };
  await start();
  atEnd(t, stop);
  const url = `http://127.0.0.1:${port}/${BUCKET}`;
  const folder = join(directory, BUCKET);
  const pathOf = (name: string): string => join(folder, `${name}._S3rver_object`);
  return {
    store: { url, region: "us-east-1", keyId: KEY, secret: KEY },
    env: { NOCTURNE_STORE: url, NOCTURNE_STORE_KEY: `${KEY}:${KEY}` },
    objects: () =>
      (existsSync(folder) ? readdirSync(folder) : [])
        .filter((name) => name.endsWith("._S3rver_object"))
        .map((name) => name.slice(0, -"._S3rver_object".length)),
    read: (name) => readFileSync(pathOf(name)),
    overwrite: (name, bytes) => writeFileSync(pathOf(name), bytes),
    stop,
    start,
  };
}
