/**
 * The X.509 certificate that a node shows in TLS. It says nothing but the node's key: clients know that key before, and
 * look at nothing else in it.
 *
 *   Certificate   SEQUENCE { TBSCertificate | Ed25519 | BIT STRING signature 64 }                            RFC 5280 4.1
 *   TBS           v3 | serial 1 | Ed25519 | CN=nocturne node | 2020 to 9999 | CN=nocturne node | key 32      RFC 8410
 *
 * Every length is fixed, so it is written out as DER: all but the key and the signature is the same for every node.
 */
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { concatBytes, fromBase64Url, fromHex, toBase64Url } from "../../core/bytes.ts";
import { ed25519, type SignatureKeyPair } from "../../crypto/signing.ts";

const ED25519 = "300506032b6570";
const NAME = "30183116301406035504030c0d6e6f637475726e65206e6f6465"; // CN=nocturne node
const VALIDITY = "3020170d3230303130313030303030305a180f39393939313233313233353935395a"; // 2020-01-01 to 9999-12-31
const TBS = fromHex(`308191a003020102020101${ED25519}${NAME}${VALIDITY}${NAME}302a${ED25519}032100`);
const HEAD = fromHex("3081de");
const SIGNATURE = fromHex(`${ED25519}034100`);

export interface TlsIdentity {
  readonly key: KeyObject;
  /** DER. */
  readonly certificate: Uint8Array;
}

export function tlsIdentity(node: SignatureKeyPair): TlsIdentity {
  const said = concatBytes(TBS, node.publicKey);
  const certificate = concatBytes(HEAD, said, SIGNATURE, ed25519.sign(said, node.secretKey));
  const jwk = { kty: "OKP", crv: "Ed25519", d: toBase64Url(node.secretKey), x: toBase64Url(node.publicKey) };
  return { key: createPrivateKey({ key: jwk, format: "jwk" }), certificate };
}

/** The Ed25519 key in a certificate, 32 bytes; null for a key of another kind. */
export function keyOfCertificate(certificate: X509Certificate): Uint8Array | null {
  if (certificate.publicKey.asymmetricKeyType !== "ed25519") return null;
  return fromBase64Url(certificate.publicKey.export({ format: "jwk" }).x as string);
}
