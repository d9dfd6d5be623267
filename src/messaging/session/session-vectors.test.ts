/**
 * Checks `vectors/session.json` (NEP-08) against this implementation: what is derived is derived again, what is random was
 * recorded and is opened, and everything listed as invalid is refused.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fromBase64Url, fromHex, toHex, utf8Decode, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { ed25519 } from "../../crypto/signing.ts";
import { publicKeyOf } from "../../nostr/keys.ts";
import { bootstrapPsk } from "./bootstrap.ts";
import { takeCommit } from "./commit.ts";
import { encodeCredential, isCertified, readCredential } from "./device.ts";
import { encodeFarewells, readFarewells } from "./farewell.ts";
import { decodeGroupInfo, encodeGroupInfo, type GroupInfo } from "./group-info.ts";
import {
  decodeState,
  epochIdOf,
  epochNumberOf,
  exportKey,
  groupIdOf,
  infoOf,
  join as joinEpoch,
  membersOf,
  type MlsState,
  open,
} from "./mls.ts";

interface Case {
  readonly why: string;
}

interface Vectors {
  readonly device: Record<
    | "accountSecretKey"
    | "account"
    | "device"
    | "signatureSeed"
    | "signatureKey"
    | "signed"
    | "certificate"
    | "credential",
    string
  > & { readonly invalid: readonly (Case & { readonly credential: string; readonly signatureKey: string })[] };
  readonly groupInfo: {
    readonly valid: readonly { readonly info: GroupInfo; readonly bytes: string }[];
    readonly invalid: readonly (Case & { readonly bytes: string })[];
  };
  readonly farewells: {
    readonly groupId: string;
    readonly members: readonly { readonly account: string; readonly leaf: number; readonly signatureKey: string }[];
    readonly valid: readonly { readonly bytes: string; readonly leaving: readonly string[] }[];
    readonly invalid: readonly (Case & { readonly bytes: string })[];
  };
  readonly bootstrap: Record<
    "founderSecretKey" | "guestSecretKey" | "founder" | "guest" | "keyPackage" | "secret" | "psk",
    string
  > & { readonly others: readonly (Case & { readonly psk: string })[] };
  readonly welcome: Record<"welcome" | "keyPackage" | "secrets" | "psk" | "groupId" | "epoch" | "cellKey", string> & {
    readonly epochNumber: number;
    readonly info: GroupInfo;
    readonly members: readonly { readonly account: string; readonly device: string; readonly leaf: number }[];
    readonly invalid: readonly (Case &
      Partial<Record<"welcome" | "keyPackage" | "secrets", string>> & { readonly psk?: string | null })[];
  };
  readonly epochs: readonly Record<"confirmedTranscriptHash" | "confirmationTag" | "id", string>[];
  readonly commit: {
    readonly state: string;
    readonly epoch: string;
    readonly valid: readonly (Case & {
      readonly message: string;
      readonly by: string;
      readonly removes: boolean;
      readonly epoch: string;
      readonly info: GroupInfo;
      readonly members: readonly string[];
    })[];
    readonly refused: readonly (Case & { readonly message: string })[];
    readonly invalid: readonly (Case & { readonly message: string })[];
  };
  readonly farewellCommit: Record<"state" | "message" | "by" | "epoch", string>;
  readonly message: {
    readonly valid: readonly { readonly message: string; readonly content: string; readonly sender: string }[];
    readonly invalid: readonly (Case & { readonly message: string })[];
  };
}

const file = join(import.meta.dirname, "../../../vectors/session.json");
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

test("credential and certificate", () => {
  const { device } = vectors;
  const signature = ed25519.createKeyPair(fromHex(device.signatureSeed));
  assert.equal(publicKeyOf(fromHex(device.accountSecretKey)), device.account);
  assert.equal(toHex(signature.publicKey), device.signatureKey);
  const signed = sha256(
    new Uint8Array([...utf8Encode("nocturne/device/v1"), ...fromHex(device.device), ...signature.publicKey]),
  );
  assert.equal(toHex(signed), device.signed);
  const own = { account: device.account, device: device.device, signature, certificate: fromHex(device.certificate) };
  assert.equal(toHex(encodeCredential(own)), device.credential);
  assert.deepEqual(readCredential(fromHex(device.credential)), { account: device.account, device: device.device });
  assert.equal(isCertified(fromHex(device.credential), signature.publicKey), true);
  for (const { why, credential, signatureKey } of device.invalid) {
    assert.equal(isCertified(fromHex(credential), fromHex(signatureKey)), false, why);
  }
});

test("group info", () => {
  for (const { info, bytes } of vectors.groupInfo.valid) {
    assert.equal(toHex(encodeGroupInfo(info)), bytes);
    assert.deepEqual(decodeGroupInfo(fromHex(bytes)), info);
  }
  for (const { why, bytes } of vectors.groupInfo.invalid) {
    assert.throws(() => decodeGroupInfo(fromHex(bytes)), CryptoError, why);
  }
});

test("farewells", () => {
  const { groupId, valid, invalid } = vectors.farewells;
  const members = vectors.farewells.members.map((member) => ({
    ...member,
    device: member.account,
    signatureKey: fromHex(member.signatureKey),
  }));
  for (const { bytes, leaving } of valid) assert.deepEqual(readFarewells(fromHex(bytes), groupId, members), leaving);
  for (const { why, bytes } of invalid) assert.deepEqual(readFarewells(fromHex(bytes), groupId, members), [], why);
  assert.equal(toHex(encodeFarewells([])), valid.at(-1)?.bytes);
});

test("bootstrap psk: the same for both, and another one for anything else", () => {
  const { founderSecretKey, guestSecretKey, founder, guest, psk, others } = vectors.bootstrap;
  const keyPackage = fromBase64Url(vectors.bootstrap.keyPackage);
  const agreed = { founder, guest, keyPackage, secret: fromHex(vectors.bootstrap.secret) };
  assert.equal(toHex(bootstrapPsk(agreed, fromHex(founderSecretKey), guest)), psk);
  assert.equal(toHex(bootstrapPsk(agreed, fromHex(guestSecretKey), founder)), psk);
  const reversed = { ...agreed, founder: guest, guest: founder };
  const altered = keyPackage.with(keyPackage.length - 1, (keyPackage.at(-1) ?? 0) ^ 1);
  const guessed = agreed.secret.with(0, (agreed.secret[0] ?? 0) ^ 1);
  const made = [reversed, { ...agreed, keyPackage: altered }, { ...agreed, secret: guessed }].map((other) =>
    toHex(bootstrapPsk(other, fromHex(founderSecretKey), guest)),
  );
  assert.deepEqual(
    made,
    others.map((other) => other.psk),
  );
  assert.equal(new Set([psk, ...made]).size, 4);
});

test("welcome", async () => {
  const { welcome, invalid, ...expected } = vectors.welcome;
  const join = (fields: (typeof invalid)[number] | Vectors["welcome"]) => {
    const { keyPackage, secrets, psk } = { ...vectors.welcome, ...fields };
    const own = { keyPackage: fromBase64Url(keyPackage), secrets: fromBase64Url(secrets) };
    return joinEpoch(fromBase64Url(fields.welcome ?? welcome), own, psk === null ? undefined : fromHex(psk));
  };
  const state = await join(vectors.welcome);
  assert.equal(groupIdOf(state), expected.groupId);
  assert.equal(epochIdOf(state), expected.epoch);
  assert.equal(epochNumberOf(state), expected.epochNumber);
  assert.deepEqual(infoOf(state), expected.info);
  assert.deepEqual(
    membersOf(state).map(({ account, device, leaf }) => ({ account, device, leaf })),
    expected.members,
  );
  assert.equal(toHex(await exportKey(state, "cell/v1")), expected.cellKey);
  for (const wrong of invalid) await assert.rejects(join(wrong), CryptoError, wrong.why);
});

test("epoch id", () => {
  for (const { confirmedTranscriptHash, confirmationTag, id } of vectors.epochs) {
    const groupContext = { confirmedTranscriptHash: fromHex(confirmedTranscriptHash) };
    const state = { groupContext, confirmationTag: fromHex(confirmationTag) } as unknown as MlsState;
    assert.equal(epochIdOf(state), id);
  }
});

test("commits: taken, refused for want of a right, and not understood", async () => {
  const { state: encoded, epoch, valid, refused, invalid } = vectors.commit;
  const state = decodeState(fromBase64Url(encoded));
  assert.equal(epochIdOf(state), epoch);
  for (const { why, message, by, removes, epoch: next, info, members } of valid) {
    const taken = await takeCommit(state, fromBase64Url(message));
    assert.ok(taken?.state, why);
    assert.deepEqual(
      { by: taken.by, removes: taken.removes, epoch: epochIdOf(taken.state) },
      { by, removes, epoch: next },
    );
    assert.deepEqual(infoOf(taken.state), info, why);
    assert.deepEqual(
      membersOf(taken.state).map(({ device }) => device),
      members,
      why,
    );
  }
  for (const { why, message } of refused) assert.equal(await takeCommit(state, fromBase64Url(message)), null, why);
  for (const { why, message } of invalid) {
    await assert.rejects(takeCommit(state, fromBase64Url(message)), CryptoError, why);
  }
});

test("a commit that carries a farewell", async () => {
  const { state, message, by, epoch } = vectors.farewellCommit;
  const taken = await takeCommit(decodeState(fromBase64Url(state)), fromBase64Url(message));
  assert.ok(taken?.state);
  assert.equal(taken.by, by);
  assert.equal(taken.removes, true);
  assert.equal(epochIdOf(taken.state), epoch);
});

test("messages open once", async () => {
  let state = decodeState(fromBase64Url(vectors.commit.state));
  for (const { why, message } of vectors.message.invalid) {
    await assert.rejects(open(state, fromBase64Url(message)), CryptoError, why);
  }
  for (const { message, content, sender } of vectors.message.valid) {
    const opened = await open(state, fromBase64Url(message));
    assert.equal(utf8Decode(opened.content), content);
    assert.equal(opened.sender.device, sender);
    state = opened.state;
    await assert.rejects(open(state, fromBase64Url(message)), CryptoError, "a second time");
  }
});
