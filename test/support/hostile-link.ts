/** The server and maker of a share link that writes what an honest one refuses to write. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { concatBytes, toBase64Url, utf8Encode } from "../../src/core/bytes.ts";
import { randomBytes } from "../../src/core/random.ts";
import { sealBytes } from "../../src/crypto/aead.ts";
import { createLinkAddress, deriveLinkKeys, FILE_PAYLOAD_CONTEXT, formatLinkPath } from "../../src/crypto/link-key.ts";
import { PayloadSealer } from "../../src/crypto/payload.ts";

export interface HostileFolder {
  /** Each path as it goes into the listing, unchecked, and what is in the file. */
  readonly files: Readonly<Record<string, string>>;
  /** What the manifest says the listing takes; else as much as it does. */
  readonly listingBytes?: number;
}

/** A link to a folder named Plans. `sent` tells the bytes of content that were asked for. */
export async function serveHostileFolder(
  t: TestContext,
  { files, listingBytes }: HostileFolder,
): Promise<{ url: string; slug: string; sent: () => number }> {
  const address = createLinkAddress();
  const { wrapKey } = await deriveLinkKeys(address, null);
  const key = randomBytes(32);
  const sealed = Object.values(files).map((text) => {
    const sealer = new PayloadSealer(key, FILE_PAYLOAD_CONTEXT);
    return concatBytes(sealer.header, sealer.update(utf8Encode(text)), sealer.finish());
  });
  const entries = Object.entries(files).map(([path, text], i) =>
    concatBytes(
      Uint8Array.of(1),
      u64(utf8Encode(text).length),
      u64(sealed[i]?.length ?? 0),
      key,
      u64(utf8Encode(path).length).slice(6),
      utf8Encode(path),
    ),
  );
  const listing = sealBytes(key, concatBytes(...entries), utf8Encode(`nocturne/link/listing/v1/${address.slug}`));
  const head = concatBytes(Uint8Array.of(2, 2, 1), u64(listingBytes ?? listing.length), key, new Uint8Array(2));
  const manifest = sealBytes(wrapKey, concatBytes(head, utf8Encode("Plans")), utf8Encode(address.slug));
  const content = concatBytes(listing, ...sealed);
  const answers: Readonly<Record<string, object>> = {
    info: { state: "active", needsPassword: false, passwordSalt: null, argon2: null },
    claim: {
      lease: "lease",
      leaseExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      sealedManifest: toBase64Url(manifest),
      contentBytes: content.length,
      missing: [],
    },
  };
  let sent = 0;
  const server = createServer((request, response) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const answer = answers[request.url?.split("/").at(-1) ?? ""];
    if (!answer) sent += Number(end) + 1 - Number(start);
    response.statusCode = answer ? 200 : 206;
    response.end(answer ? JSON.stringify(answer) : content.subarray(Number(start), Number(end) + 1));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}${formatLinkPath(address)}`, slug: address.slug, sent: () => sent };
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
