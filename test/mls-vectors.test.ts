/**
 * The test vectors of RFC 9420 (mlswg/mls-implementations), of all seven suites, against ts-mls. Of the clients that only
 * follow, which take nearly all of the time, those of Ed25519 come whole and of the others every seventh:
 * `npm run test:mls-vectors` takes all.
 *
 * Our own suite is none of the seven, so each case runs twice where that says something: with ts-mls's cryptography,
 * and with those parts of ours put in its place that the suite shares (SHA-512 and its HKDF, AES-256-GCM, Ed25519).
 * Vectors of single steps reach into the library's own modules, which its package does not export.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  bytesToBase64,
  type CiphersuiteImpl,
  type CiphersuiteName,
  type ClientState,
  ciphersuites,
  contentTypes,
  decode,
  defaultKeyRetentionConfig,
  defaultPaddingConfig,
  defaultProposalTypes,
  type Decoder,
  encode,
  getCiphersuiteImpl,
  type GroupContext,
  joinGroup,
  makeKeyPackageRef,
  type MlsContext,
  type MlsMessage,
  mlsExporter,
  mlsMessageDecoder,
  processPrivateMessage,
  processPublicMessage,
  type Proposal,
  protocolVersions,
  type PskId,
  pskTypes,
  unsafeTestingAuthenticationService,
  wireformats,
} from "ts-mls";
import { authenticatedContentDecoder } from "../node_modules/ts-mls/dist/src/authenticatedContent.js";
import { determineLength } from "../node_modules/ts-mls/dist/src/codec/variableLength.js";
import { commitEncoder } from "../node_modules/ts-mls/dist/src/commit.js";
import { refhash } from "../node_modules/ts-mls/dist/src/crypto/hash.js";
import { decryptWithLabel, encryptWithLabel } from "../node_modules/ts-mls/dist/src/crypto/hpke.js";
import { deriveSecret, deriveTreeSecret, expandWithLabel } from "../node_modules/ts-mls/dist/src/crypto/kdf.js";
import { signWithLabel, verifyWithLabel } from "../node_modules/ts-mls/dist/src/crypto/signature.js";
import { verifyConfirmationTag } from "../node_modules/ts-mls/dist/src/framedContent.js";
import { groupContextEncoder } from "../node_modules/ts-mls/dist/src/groupContext.js";
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "../node_modules/ts-mls/dist/src/groupInfo.js";
import { initializeEpoch } from "../node_modules/ts-mls/dist/src/keySchedule.js";
import {
  protectApplicationData,
  protectProposal,
  unprotectPrivateMessage,
} from "../node_modules/ts-mls/dist/src/messageProtection.js";
import {
  protectProposalPublic,
  unprotectPublicMessage,
} from "../node_modules/ts-mls/dist/src/messageProtectionPublic.js";
import { proposalDecoder, proposalEncoder } from "../node_modules/ts-mls/dist/src/proposal.js";
import { accumulatePskSecret } from "../node_modules/ts-mls/dist/src/pskIndex.js";
import {
  addLeafNodeMutable,
  ratchetTreeDecoder,
  ratchetTreeEncoder,
  removeLeafNodeMutable,
  updateLeafNodeMutable,
} from "../node_modules/ts-mls/dist/src/ratchetTree.js";
import { createSecretTree, ratchetToGeneration } from "../node_modules/ts-mls/dist/src/secretTree.js";
import { expandSenderDataKey, expandSenderDataNonce, type ReuseGuard } from "../node_modules/ts-mls/dist/src/sender.js";
import { createConfirmedHash, createInterimHash } from "../node_modules/ts-mls/dist/src/transcriptHash.js";
import { treeHashRoot } from "../node_modules/ts-mls/dist/src/treeHash.js";
import {
  left,
  nodeWidth,
  parent,
  right,
  root,
  sibling,
  toLeafIndex,
  toNodeIndex,
} from "../node_modules/ts-mls/dist/src/treemath.js";
import { decryptGroupInfo, decryptGroupSecrets } from "../node_modules/ts-mls/dist/src/welcome.js";
import { fromHex, toHex } from "../src/core/bytes.ts";
import { randomBytes } from "../src/core/random.ts";
import { mlsSuite } from "../src/messaging/session/mls-suite.ts";
import { thirdPartyVectors, wantsAllVectors } from "./support/vectors.ts";

const EMPTY = new Uint8Array(0);

/** X25519 with Ed25519, whose public keys cost least: they meet every kind of case. */
const CHEAP_SUITES: readonly number[] = [1, 3];
/** Each suite comes as a row of all kinds, of which there are 8 and 13: so each gets a case, and each time of another kind. */
const SAMPLE_EVERY = 7;

/** A vector with hexadecimal strings in most fields. */
interface Vector {
  readonly cipher_suite: number;
  readonly [field: string]: unknown;
}

/** One test per file: `check` runs on each case, or on each of the sample, with each implementation of its suite. */
function runFile(
  file: string,
  cases: number,
  check: (vector: Vector, suite: CiphersuiteImpl) => Promise<void>,
  sampled = false,
): void {
  test(`ts-mls agrees with ${file}`, async (t) => {
    const vectors = loadFile(t, file, cases);
    for (const [index, vector] of vectors.entries()) {
      if (sampled && !CHEAP_SUITES.includes(vector.cipher_suite) && index % SAMPLE_EVERY !== 0) continue;
      for (const [name, suite] of Object.entries(await implementationsOf(vector.cipher_suite))) {
        const where = `case ${index}, suite ${vector.cipher_suite}, ${name}`;
        await check(vector, suite).catch((cause: unknown) => assert.fail(new Error(where, { cause })));
      }
    }
  });
}

function loadFile(t: TestContext, file: string, cases: number): Vector[] {
  const vectors = thirdPartyVectors(`mls/${file}`) as Vector[] | null;
  if (!vectors) t.skip(`mls/${file} is missing`);
  else assert.equal(vectors.length, cases);
  return vectors ?? [];
}

async function implementationsOf(id: number): Promise<Record<string, CiphersuiteImpl>> {
  const name = (Object.keys(ciphersuites) as CiphersuiteName[]).find((name) => ciphersuites[name] === id);
  assert.ok(name);
  const theirs = await getCiphersuiteImpl(name);
  const { encryptAead, decryptAead } = mlsSuite.hpke;
  const ours: CiphersuiteImpl = {
    ...theirs,
    ...(name.includes("_SHA512_") ? { hash: mlsSuite.hash, kdf: mlsSuite.kdf } : {}),
    ...(name.includes("_AES256GCM_") ? { hpke: { ...theirs.hpke, encryptAead, decryptAead } } : {}),
    ...(name.endsWith("_Ed25519") ? { signature: mlsSuite.signature } : {}),
  };
  const shares = /_SHA512_|_AES256GCM_|_Ed25519$/.test(name);
  return shares ? { "its own cryptography": theirs, "parts of ours": ours } : { "its own cryptography": theirs };
}

function bytesOf(vector: object, field: string): Uint8Array {
  return fromHex((vector as Record<string, string>)[field] as string);
}

function parse<T>(decoder: Decoder<T>, bytes: Uint8Array): T {
  const decoded = decode(decoder, bytes);
  assert.ok(decoded !== undefined, "not decoded");
  return decoded;
}

function parseMessage<W extends MlsMessage["wireformat"]>(
  bytes: Uint8Array,
  wireformat: W,
): MlsMessage & { wireformat: W } {
  const message = parse(mlsMessageDecoder, bytes);
  assert.equal(message.wireformat, wireformat);
  return message as MlsMessage & { wireformat: W };
}

function assertHex(actual: Uint8Array, vector: object, field: string): void {
  assert.equal(toHex(actual), (vector as Record<string, unknown>)[field], field);
}

test("ts-mls agrees with tree-math.json", (t) => {
  for (const vector of loadFile(t, "tree-math.json", 10)) {
    const leaves = vector["n_leaves"] as number;
    const nodes = vector["n_nodes"] as number;
    assert.equal(nodeWidth(leaves), nodes);
    assert.equal(root(leaves), vector["root"]);
    const functions = { left, right, parent, sibling };
    for (const [name, compute] of Object.entries(functions)) {
      const expected = vector[name] as (number | null)[];
      assert.equal(expected.length, nodes);
      for (const [index, value] of expected.entries()) {
        // Where there is none the library has no answer to give: callers never ask.
        if (value !== null)
          assert.equal(compute(toNodeIndex(index), leaves), value, `${name} of ${index} in ${leaves}`);
      }
    }
  }
});

test("ts-mls agrees with deserialization.json", (t) => {
  for (const vector of loadFile(t, "deserialization.json", 14)) {
    const { length } = determineLength(bytesOf(vector, "vlbytes_header"));
    assert.equal(length, vector["length"]);
  }
});

runFile("crypto-basics.json", 7, async (vector, { hash, kdf, hpke, signature }) => {
  const part = (name: string): Record<string, string> & { length: number; generation: number; label: string } =>
    vector[name] as Record<string, string> & { length: number; generation: number; label: string };
  const ref = part("ref_hash");
  assertHex(await refhash(ref.label, bytesOf(ref, "value"), hash), ref, "out");
  const expand = part("expand_with_label");
  const context = bytesOf(expand, "context");
  assertHex(await expandWithLabel(bytesOf(expand, "secret"), expand.label, context, expand.length, kdf), expand, "out");
  const derive = part("derive_secret");
  assertHex(await deriveSecret(bytesOf(derive, "secret"), derive.label, kdf), derive, "out");
  const tree = part("derive_tree_secret");
  const treeSecret = bytesOf(tree, "secret");
  assertHex(await deriveTreeSecret(treeSecret, tree.label, tree.generation, tree.length, kdf), tree, "out");

  const sign = part("sign_with_label");
  const [pub, content] = [bytesOf(sign, "pub"), bytesOf(sign, "content")];
  for (const made of [
    bytesOf(sign, "signature"),
    await signWithLabel(bytesOf(sign, "priv"), sign.label, content, signature),
  ]) {
    assert.ok(await verifyWithLabel(pub, sign.label, content, made, signature));
    assert.ok(!(await verifyWithLabel(pub, sign.label, randomBytes(9), made, signature)));
  }

  const encrypt = part("encrypt_with_label");
  const [text, context2] = [bytesOf(encrypt, "plaintext"), bytesOf(encrypt, "context")];
  const privateKey = await hpke.importPrivateKey(bytesOf(encrypt, "priv"));
  const publicKey = await hpke.importPublicKey(bytesOf(encrypt, "pub"));
  const given = { enc: bytesOf(encrypt, "kem_output"), ct: bytesOf(encrypt, "ciphertext") };
  for (const { enc, ct } of [given, await encryptWithLabel(publicKey, encrypt.label, context2, text, hpke)]) {
    assertHex(await decryptWithLabel(privateKey, encrypt.label, context2, enc, ct, hpke), encrypt, "plaintext");
  }
});

runFile("key-schedule.json", 7, async (vector, suite) => {
  let initSecret = bytesOf(vector, "initial_init_secret");
  for (const [index, epoch] of (vector["epochs"] as Vector[]).entries()) {
    const context: GroupContext = {
      ...groupContextOf(vector),
      epoch: BigInt(index),
      treeHash: bytesOf(epoch, "tree_hash"),
      confirmedTranscriptHash: bytesOf(epoch, "confirmed_transcript_hash"),
    };
    assertHex(encode(groupContextEncoder, context), epoch, "group_context");
    const [commitSecret, pskSecret] = [bytesOf(epoch, "commit_secret"), bytesOf(epoch, "psk_secret")];
    const secrets = await initializeEpoch(initSecret, commitSecret, context, pskSecret, suite.kdf);
    const { keySchedule } = secrets;
    const named = {
      joiner_secret: secrets.joinerSecret,
      welcome_secret: secrets.welcomeSecret,
      encryption_secret: secrets.encryptionSecret,
      init_secret: keySchedule.initSecret,
      sender_data_secret: keySchedule.senderDataSecret,
      exporter_secret: keySchedule.exporterSecret,
      epoch_authenticator: keySchedule.epochAuthenticator,
      external_secret: keySchedule.externalSecret,
      confirmation_key: keySchedule.confirmationKey,
      membership_key: keySchedule.membershipKey,
      resumption_psk: keySchedule.resumptionPsk,
    };
    for (const [field, value] of Object.entries(named)) assertHex(value, epoch, field);
    const external = await suite.hpke.deriveKeyPair(keySchedule.externalSecret);
    assertHex(await suite.hpke.exportPublicKey(external.publicKey), epoch, "external_pub");
    const exporter = epoch["exporter"] as { label: string; context: string; length: number };
    const { exporterSecret } = keySchedule;
    const exported = await mlsExporter(
      exporterSecret,
      exporter.label,
      fromHex(exporter.context),
      exporter.length,
      suite,
    );
    assertHex(exported, exporter, "secret");
    ({ initSecret } = keySchedule);
  }
});

runFile("psk_secret.json", 77, async (vector, suite) => {
  const psks = vector["psks"] as Vector[];
  const ids = psks.map(
    (psk): PskId => ({
      psktype: pskTypes.external,
      pskId: bytesOf(psk, "psk_id"),
      pskNonce: bytesOf(psk, "psk_nonce"),
    }),
  );
  const byId = new Map(psks.map((psk) => [psk["psk_id"], bytesOf(psk, "psk")]));
  const findPsk = (id: PskId): Uint8Array | undefined => ("pskId" in id ? byId.get(toHex(id.pskId)) : undefined);
  const [secret] = await accumulatePskSecret(ids, { findPsk }, suite, new Uint8Array(suite.kdf.size));
  assertHex(secret, vector, "psk_secret");
});

runFile("secret-tree.json", 21, async (vector, suite) => {
  const data = vector["sender_data"] as object;
  const [secret, sample] = [bytesOf(data, "sender_data_secret"), bytesOf(data, "ciphertext")];
  assertHex(await expandSenderDataKey(suite, secret, sample), data, "key");
  assertHex(await expandSenderDataNonce(suite, secret, sample), data, "nonce");

  const leaves = vector["leaves"] as { generation: number }[][];
  const fresh = createSecretTree(leaves.length, bytesOf(vector, "encryption_secret"));
  for (const [leafIndex, generations] of leaves.entries()) {
    let tree = fresh;
    for (const expected of generations) {
      for (const kind of ["application", "handshake"] as const) {
        const reuseGuard = new Uint8Array(4) as ReuseGuard;
        const sender = { leafIndex, generation: expected.generation, reuseGuard };
        const contentType = kind === "application" ? contentTypes.application : contentTypes.commit;
        const keys = await ratchetToGeneration(tree, sender, contentType, defaultKeyRetentionConfig, suite);
        assertHex(keys.key, expected, `${kind}_key`);
        assertHex(keys.nonce, expected, `${kind}_nonce`);
        tree = keys.newTree;
      }
    }
  }
});

runFile("message-protection.json", 7, async (vector, suite) => {
  const context = groupContextOf(vector);
  const membershipKey = bytesOf(vector, "membership_key");
  const senderDataSecret = bytesOf(vector, "sender_data_secret");
  const [signKey, signer] = [bytesOf(vector, "signature_priv"), bytesOf(vector, "signature_pub")];
  const tree = createSecretTree(2, bytesOf(vector, "encryption_secret"));
  const read = async (message: MlsMessage): Promise<Record<string, string>> => {
    const content =
      message.wireformat === wireformats.mls_private_message
        ? (
            await unprotectPrivateMessage(
              senderDataSecret,
              message.privateMessage,
              tree,
              [],
              context,
              defaultKeyRetentionConfig,
              suite,
              signer,
            )
          ).content.content
        : message.wireformat === wireformats.mls_public_message
          ? (await unprotectPublicMessage(membershipKey, context, [], message.publicMessage, suite, signer)).content
          : assert.fail("neither private nor public");
    if ("proposal" in content) return { proposal: toHex(encode(proposalEncoder, content.proposal)) };
    if ("commit" in content) return { commit: toHex(encode(commitEncoder, content.commit)) };
    return { application: toHex(content.applicationData) };
  };
  for (const kind of ["proposal", "commit", "application"]) {
    for (const field of [`${kind}_priv`, `${kind}_pub`]) {
      if (vector[field] === undefined) continue;
      const message = parse(mlsMessageDecoder, bytesOf(vector, field));
      assert.deepEqual(await read(message), { [kind]: vector[kind] }, field);
    }
  }

  const padding = defaultPaddingConfig;
  const application = bytesOf(vector, "application");
  const sealed = await protectApplicationData(
    signKey,
    senderDataSecret,
    application,
    EMPTY,
    context,
    tree,
    1,
    padding,
    suite,
  );
  const proposal = parse(proposalDecoder, bytesOf(vector, "proposal"));
  const priv = await protectProposal(signKey, senderDataSecret, proposal, EMPTY, context, tree, 1, padding, suite);
  const pub = await protectProposalPublic(signKey, membershipKey, context, EMPTY, proposal, 1, suite);
  const version = protocolVersions.mls10;
  const { mls_private_message: privately, mls_public_message: publicly } = wireformats;
  const made: MlsMessage[] = [
    { version, wireformat: privately, privateMessage: sealed.privateMessage },
    { version, wireformat: privately, privateMessage: priv.privateMessage },
    { version, wireformat: publicly, publicMessage: pub.publicMessage },
  ];
  const [text, ...proposals] = await Promise.all(made.map(read));
  assert.deepEqual(text, { application: vector["application"] });
  assert.deepEqual(proposals, [{ proposal: vector["proposal"] }, { proposal: vector["proposal"] }]);
});

runFile("transcript-hashes.json", 7, async (vector, { hash }) => {
  const { wireformat, content, auth } = parse(authenticatedContentDecoder, bytesOf(vector, "authenticated_content"));
  assert.ok(content.contentType === contentTypes.commit && auth.contentType === contentTypes.commit);
  const before = bytesOf(vector, "interim_transcript_hash_before");
  const confirmed = await createConfirmedHash(before, { wireformat, content, signature: auth.signature }, hash);
  assertHex(confirmed, vector, "confirmed_transcript_hash_after");
  const interim = await createInterimHash(confirmed, auth.confirmationTag, hash);
  assertHex(interim, vector, "interim_transcript_hash_after");
  const key = bytesOf(vector, "confirmation_key");
  assert.ok(await verifyConfirmationTag(key, auth.confirmationTag, confirmed, hash));
  assert.ok(!(await verifyConfirmationTag(key, auth.confirmationTag, interim, hash)));
});

runFile("tree-operations.json", 5, async (vector, { hash }) => {
  const tree = parse(ratchetTreeDecoder, bytesOf(vector, "tree_before"));
  assertHex(await treeHashRoot(tree, hash), vector, "tree_hash_before");
  const proposal: Proposal = parse(proposalDecoder, bytesOf(vector, "proposal"));
  if (proposal.proposalType === defaultProposalTypes.add && "add" in proposal) {
    addLeafNodeMutable(tree, proposal.add.keyPackage.leafNode);
  } else if (proposal.proposalType === defaultProposalTypes.update && "update" in proposal) {
    updateLeafNodeMutable(tree, proposal.update.leafNode, toLeafIndex(vector["proposal_sender"] as number));
  } else if (proposal.proposalType === defaultProposalTypes.remove && "remove" in proposal) {
    removeLeafNodeMutable(tree, toLeafIndex(proposal.remove.removed));
  } else {
    assert.fail("another proposal");
  }
  assertHex(await treeHashRoot(tree, hash), vector, "tree_hash_after");
  assertHex(encode(ratchetTreeEncoder, tree), vector, "tree_after");
});

runFile("welcome.json", 7, async (vector, suite) => {
  const { keyPackage } = parseMessage(bytesOf(vector, "key_package"), wireformats.mls_key_package);
  const { welcome } = parseMessage(bytesOf(vector, "welcome"), wireformats.mls_welcome);
  const key = await suite.hpke.importPrivateKey(bytesOf(vector, "init_priv"));
  const ref = await makeKeyPackageRef(keyPackage, suite.hash);
  const secrets = await decryptGroupSecrets(key, ref, welcome, suite.hpke);
  assert.ok(secrets);
  const noPsk = new Uint8Array(suite.kdf.size);
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
  assert.ok(info);
  assert.ok(await verifyGroupInfoSignature(info, bytesOf(vector, "signer_pub"), suite.signature));
  assert.ok(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite));
});

for (const [file, cases] of [
  ["passive-client-welcome.json", 56],
  ["passive-client-handling-commit.json", 91],
] as const) {
  const check = async (vector: Vector, cipherSuite: CiphersuiteImpl): Promise<void> => {
    const psks = vector["external_psks"] as Vector[];
    const externalPsks = Object.fromEntries(
      psks.map((psk) => [bytesToBase64(bytesOf(psk, "psk_id")), bytesOf(psk, "psk")]),
    );
    const context = { cipherSuite, authService: unsafeTestingAuthenticationService, externalPsks };
    let state = await joinAs(vector, context);
    assertHex(state.keySchedule.epochAuthenticator, vector, "initial_epoch_authenticator");
    for (const epoch of vector["epochs"] as { proposals: string[]; commit: string }[]) {
      for (const message of [...epoch.proposals, epoch.commit]) state = await follow(state, fromHex(message), context);
      assertHex(state.keySchedule.epochAuthenticator, epoch, "epoch_authenticator");
    }
  };
  runFile(file, cases, check, !wantsAllVectors);
}

async function joinAs(vector: Vector, context: MlsContext): Promise<ClientState> {
  const privateKeys = {
    initPrivateKey: bytesOf(vector, "init_priv"),
    hpkePrivateKey: bytesOf(vector, "encryption_priv"),
    signaturePrivateKey: bytesOf(vector, "signature_priv"),
  };
  const { keyPackage } = parseMessage(bytesOf(vector, "key_package"), wireformats.mls_key_package);
  const { welcome } = parseMessage(bytesOf(vector, "welcome"), wireformats.mls_welcome);
  const tree = vector["ratchet_tree"] === null ? {} : { ratchetTree: treeOf(vector) };
  return joinGroup({ context, welcome, keyPackage, privateKeys, ...tree });
}

function treeOf(vector: Vector): ClientState["ratchetTree"] {
  return parse(ratchetTreeDecoder, bytesOf(vector, "ratchet_tree"));
}

async function follow(state: ClientState, bytes: Uint8Array, context: MlsContext): Promise<ClientState> {
  const message = parse(mlsMessageDecoder, bytes);
  if (message.wireformat === wireformats.mls_private_message) {
    return (await processPrivateMessage({ context, state, privateMessage: message.privateMessage })).newState;
  }
  assert.equal(message.wireformat, wireformats.mls_public_message);
  return (await processPublicMessage({ context, state, publicMessage: message.publicMessage })).newState;
}

/** The fields that a vector names; epoch 0 and empty hashes where it names none. */
function groupContextOf(vector: Vector): GroupContext {
  return {
    version: protocolVersions.mls10,
    cipherSuite: vector.cipher_suite,
    groupId: bytesOf(vector, "group_id"),
    epoch: BigInt((vector["epoch"] as number | undefined) ?? 0),
    treeHash: vector["tree_hash"] ? bytesOf(vector, "tree_hash") : EMPTY,
    confirmedTranscriptHash: vector["confirmed_transcript_hash"] ? bytesOf(vector, "confirmed_transcript_hash") : EMPTY,
    extensions: [],
  };
}
