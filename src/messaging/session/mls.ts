/**
 * MLS (RFC 9420) as conversations need it, over ts-mls: the only file, with its suite, that knows the library.
 *
 *   epoch e --commit--> epoch e + 1          createGroup, makeStep, takeStep, join
 *   within an epoch: message <-> content     seal, open
 *
 * States are values: every call returns a new one and leaves the old one as it was, so that an epoch can be continued in
 * two ways until it is known which of two commits counts. What must be gone is gone when no state holds it any more.
 *
 * Suite: X-Wing, AES-256-GCM, SHA-512, Ed25519, with our own native primitives.
 */

import {
  bytesToBase64,
  type ClientConfig,
  type ClientState,
  clientStateDecoder,
  clientStateEncoder,
  createApplicationMessage,
  createCommit,
  createGroup as createMlsGroup,
  defaultCredentialTypes,
  defaultKeyPackageEqualityConfig,
  defaultProposalTypes,
  encode,
  generateKeyPackageWithKey,
  type GroupContextExtension,
  joinGroup,
  type KeyPackage,
  keyPackageDecoder,
  keyPackageEncoder,
  type LeafNode,
  makeCustomExtension,
  makeKeyPackageRef,
  type MlsContext,
  mlsExporter,
  type MlsMessage,
  mlsMessageDecoder,
  mlsMessageEncoder,
  type PrivateKeyPackage,
  privateKeyPackageDecoder,
  privateKeyPackageEncoder,
  type PrivateMessage,
  processPrivateMessage,
  type Proposal,
  type ProposalWithSender,
  protocolVersions,
  pskTypes,
  wireformats,
} from "ts-mls";
import { concatBytes, toHex, utf8Encode } from "../../core/bytes.ts";
import { CryptoError } from "../../core/errors.ts";
import { SESSION_LIMITS } from "../../core/limits.ts";
import { sha256 } from "../../crypto/key-derivation.ts";
import { type DeviceName, encodeCredential, isCertified, type OwnDevice, readCredential } from "./device.ts";
import { decodeGroupInfo, encodeGroupInfo, GROUP_INFO_EXTENSION, type GroupInfo } from "./group-info.ts";
import { mlsSuite } from "./mls-suite.ts";

declare const mlsState: unique symbol;
/** One device's view of one epoch. */
export type MlsState = ClientState & { readonly [mlsState]: true };

export interface Member extends DeviceName {
  readonly leaf: number;
  /** Ed25519, 32 bytes. */
  readonly signatureKey: Uint8Array;
}

/** A fresh key package and the secrets that open the welcome made for it. */
export interface OwnKeyPackage {
  readonly keyPackage: Uint8Array;
  readonly secrets: Uint8Array;
}

/** One MLS commit of one sort; `commit.ts` makes whole changes of them. */
export type Step =
  | { readonly kind: "remove"; readonly leaves: readonly number[] }
  | { readonly kind: "info"; readonly info: GroupInfo }
  /** Fresh keys on the path of the committer: whoever was removed before is locked out here. */
  | { readonly kind: "renew" }
  /** `psk`: 32 bytes that the new members must know from elsewhere. */
  | { readonly kind: "add"; readonly keyPackages: readonly Uint8Array[]; readonly psk?: Uint8Array | undefined };

export interface MadeStep {
  readonly state: MlsState;
  readonly message: Uint8Array;
  /** For all added devices, the ratchet tree within: some 2.6 KB a member. Null when nobody was added. */
  readonly welcome: Uint8Array | null;
}

/** A step of somebody else, as one member sees it. */
export interface TakenStep {
  readonly kind: Step["kind"];
  readonly by: Member;
  readonly added: readonly DeviceName[];
  readonly removed: readonly DeviceName[];
  readonly info: GroupInfo | null;
  readonly authenticatedData: Uint8Array;
  /** Null when the step removes this device: what follows is sealed for the others. */
  readonly state: MlsState | null;
}

const NO_BYTES = new Uint8Array(0);
const PSK_ID: Uint8Array = utf8Encode("nocturne/bootstrap/v1");
const EPOCH_DOMAIN: Uint8Array = utf8Encode("nocturne/epoch/v1");
const EPOCH_ID_BYTES = 16;

const clientConfig: ClientConfig = {
  keyRetentionConfig: {
    retainKeysForGenerations: SESSION_LIMITS.outOfOrder,
    retainKeysForEpochs: 1,
    maximumForwardRatchetSteps: SESSION_LIMITS.outOfOrder,
  },
  lifetimeConfig: {
    maximumTotalLifetime: BigInt(SESSION_LIMITS.keyPackageMs / 1000 + 86_400),
    validateLifetimeOnReceive: false,
  },
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  // Frames hide the length.
  paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
};

const context: MlsContext = {
  cipherSuite: mlsSuite,
  clientConfig,
  authService: {
    validateCredential: (credential, signatureKey) =>
      Promise.resolve("identity" in credential && isCertified(credential.identity, signatureKey)),
  },
};

/** A key package of this device: 2.7 KB, good for `SESSION_LIMITS.keyPackageMs`. */
export async function createKeyPackage(device: OwnDevice, nowMs: number): Promise<OwnKeyPackage> {
  const nowS = Math.floor(nowMs / 1000);
  const { publicPackage, privatePackage } = await generateKeyPackageWithKey({
    credential: { credentialType: defaultCredentialTypes.basic, identity: encodeCredential(device) },
    capabilities: {
      versions: [protocolVersions.mls10],
      ciphersuites: [mlsSuite.id],
      extensions: [GROUP_INFO_EXTENSION],
      proposals: [],
      credentials: [defaultCredentialTypes.basic],
    },
    // Clocks of two machines differ; a day of slack keeps a fresh package from being refused.
    lifetime: { notBefore: BigInt(nowS - 86_400), notAfter: BigInt(nowS + SESSION_LIMITS.keyPackageMs / 1000) },
    signatureKeyPair: { signKey: device.signature.secretKey, publicKey: device.signature.publicKey },
    cipherSuite: mlsSuite,
  });
  return {
    keyPackage: encode(keyPackageEncoder, publicPackage),
    secrets: encode(privateKeyPackageEncoder, privatePackage),
  };
}

/** Whose key package this is. Throws CryptoError unless it is well-formed and its account certified the device. */
export function readKeyPackage(bytes: Uint8Array): DeviceName {
  return nameOf(decodeKeyPackage(bytes).leafNode);
}

/** What a welcome calls a key package (RFC 9420 section 5.2), hex. Throws CryptoError. */
export async function keyPackageRef(bytes: Uint8Array): Promise<string> {
  return toHex(await makeKeyPackageRef(decodeKeyPackage(bytes), mlsSuite.hash));
}

/** The key packages that a welcome was made for, by reference. Throws CryptoError. */
export function welcomedRefs(welcome: Uint8Array): string[] {
  const message = decodeMessage(welcome);
  if (message.wireformat !== wireformats.mls_welcome) throw new CryptoError();
  return message.welcome.secrets.map(({ newMember }) => toHex(newMember));
}

/** A conversation of this device alone; others are added by a commit. */
export async function createGroup(groupId: Uint8Array, own: OwnKeyPackage, info: GroupInfo): Promise<MlsState> {
  return attempt(async () =>
    createMlsGroup({
      context,
      groupId,
      keyPackage: decodeKeyPackage(own.keyPackage),
      privateKeyPackage: decodeSecrets(own.secrets),
      extensions: [infoExtension(info)],
    }),
  );
}

/** The next epoch; `authenticatedData` is signed with the step. Throws CryptoError if the step contradicts this epoch. */
export async function makeStep(state: MlsState, step: Step, authenticatedData: Uint8Array): Promise<MadeStep> {
  return attempt(async () => {
    const result = await createCommit({
      context: withPsk(step.kind === "add" ? step.psk : undefined),
      state,
      extraProposals: proposalsOf(step),
      ratchetTreeExtension: true,
      authenticatedData,
    });
    return {
      state: withoutHistory(result.newState),
      message: encode(mlsMessageEncoder, result.commit),
      welcome: result.welcome ? encode(mlsMessageEncoder, result.welcome) : null,
    };
  });
}

/** The epoch that a welcome leads to. Throws CryptoError unless it was made for this key package (and knows the psk). */
export async function join(welcome: Uint8Array, own: OwnKeyPackage, psk?: Uint8Array): Promise<MlsState> {
  return attempt(async () => {
    const message = decodeMessage(welcome);
    if (message.wireformat !== wireformats.mls_welcome) throw new CryptoError();
    const state = await joinGroup({
      context: withPsk(psk),
      welcome: message.welcome,
      keyPackage: decodeKeyPackage(own.keyPackage),
      privateKeys: decodeSecrets(own.secrets),
    });
    infoOf(state as MlsState); // must be one of ours
    return state;
  });
}

/** One message to all other members. The state must be stored before the message leaves: its key is used once. */
export async function seal(state: MlsState, content: Uint8Array): Promise<{ state: MlsState; message: Uint8Array }> {
  return attempt(async () => {
    const { newState, message } = await createApplicationMessage({ context, state, message: content });
    return { state: newState as MlsState, message: encode(mlsMessageEncoder, message) };
  });
}

export interface OpenedMessage {
  readonly state: MlsState;
  readonly content: Uint8Array;
  readonly sender: Member;
}

/** The content and the proven sender. The state no longer opens this message. Throws CryptoError. */
export async function open(state: MlsState, message: Uint8Array): Promise<OpenedMessage> {
  return attempt(async () => {
    const privateMessage = decodePrivate(message);
    const result = await processPrivateMessage({ context, state, privateMessage, callback: () => "reject" });
    if (result.kind !== "applicationMessage") throw new CryptoError();
    return { state: result.newState as MlsState, content: result.message, sender: senderOf(state, result.newState) };
  });
}

/**
 * The epoch after a step by somebody else; whether he had the right to it is not judged here, and `state` stays usable
 * for a competing one. Throws CryptoError for what is no valid commit of this epoch, or one that we never make.
 */
export async function takeStep(state: MlsState, message: Uint8Array): Promise<TakenStep> {
  return attempt(async () => {
    const privateMessage = decodePrivate(message);
    const seen: { step?: Omit<TakenStep, "state" | "authenticatedData">; removesUs?: boolean } = {};
    const result = await processPrivateMessage({
      context,
      state,
      privateMessage,
      callback: (incoming) => {
        if (incoming.kind !== "commit") return "reject";
        seen.step = readStep(state, incoming.senderLeafIndex, incoming.proposals);
        seen.removesUs = incoming.proposals.some(({ proposal }) => removedLeaf(proposal) === ownLeafOf(state));
        return seen.removesUs ? "reject" : "accept";
      },
    });
    if (!seen.step || result.kind !== "newState") throw new CryptoError();
    const next = seen.removesUs ? null : withoutHistory(result.newState);
    return { ...seen.step, authenticatedData: privateMessage.authenticatedData, state: next };
  });
}

/** Names an epoch on all its members' devices alike: 32 hex characters. */
export function epochIdOf(state: MlsState): string {
  const { confirmedTranscriptHash } = state.groupContext;
  return toHex(sha256(concatBytes(EPOCH_DOMAIN, confirmedTranscriptHash, state.confirmationTag))).slice(
    0,
    2 * EPOCH_ID_BYTES,
  );
}

export function epochNumberOf(state: MlsState): number {
  return Number(state.groupContext.epoch);
}

export function groupIdOf(state: MlsState): string {
  return toHex(state.groupContext.groupId);
}

/** All leaves, this device's own included, by leaf number. */
export function membersOf(state: MlsState): Member[] {
  return [...(membersByTree.get(state.ratchetTree) ?? readMembers(state.ratchetTree))];
}

/** The messages of an epoch share its tree; in a large group, reading the names of all takes longer than opening one. */
const membersByTree = new WeakMap<ClientState["ratchetTree"], readonly Member[]>();

function readMembers(tree: ClientState["ratchetTree"]): readonly Member[] {
  const members = tree.flatMap((node, index) =>
    index % 2 === 0 && node !== undefined && "leaf" in node ? [memberOf(node.leaf, index / 2)] : [],
  );
  membersByTree.set(tree, members);
  return members;
}

export function ownLeafOf(state: MlsState): number {
  return state.privatePath.leafIndex;
}

/** Throws CryptoError when the group is none of ours. */
export function infoOf(state: MlsState): GroupInfo {
  const extension = state.groupContext.extensions.find((item) => item.extensionType === GROUP_INFO_EXTENSION);
  if (!(extension?.extensionData instanceof Uint8Array)) throw new CryptoError();
  return decodeGroupInfo(extension.extensionData);
}

/** Whether some inner keys of the tree are still unknown to members that came later ("unmerged leaves"). */
export function hasUnmergedLeaves(state: MlsState): boolean {
  return state.ratchetTree.some(
    (node) => node !== undefined && "parent" in node && node.parent.unmergedLeaves.length > 0,
  );
}

/** A key (32 bytes) that all members of the epoch, and nobody else, can derive. */
export async function exportKey(state: MlsState, label: string): Promise<Uint8Array> {
  return mlsExporter(state.keySchedule.exporterSecret, `nocturne/${label}`, NO_BYTES, 32, mlsSuite);
}

export function encodeState(state: MlsState): Uint8Array {
  return encode(clientStateEncoder, state);
}

/** Throws CryptoError. */
export function decodeState(bytes: Uint8Array): MlsState {
  return decodeOrThrow(clientStateDecoder, bytes) as MlsState;
}

/** Superseded epochs are kept as whole states beside this one; a second copy inside would outlive them. */
function withoutHistory(state: ClientState): MlsState {
  return { ...state, historicalReceiverData: new Map() } as ClientState as MlsState;
}

function proposalsOf(step: Step): Proposal[] {
  if (step.kind === "remove") {
    return step.leaves.map((removed) => ({ proposalType: defaultProposalTypes.remove, remove: { removed } }));
  }
  if (step.kind === "info") {
    const proposalType = defaultProposalTypes.group_context_extensions;
    return [{ proposalType, groupContextExtensions: { extensions: [infoExtension(step.info)] } }];
  }
  return step.kind === "add" ? [...step.keyPackages.map(addProposal), ...(step.psk ? [pskProposal()] : [])] : [];
}

function addProposal(keyPackage: Uint8Array): Proposal {
  return { proposalType: defaultProposalTypes.add, add: { keyPackage: decodeKeyPackage(keyPackage) } };
}

function pskProposal(): Proposal {
  const pskNonce = mlsSuite.rng.randomBytes(mlsSuite.kdf.size);
  const preSharedKeyId = { psktype: pskTypes.external, pskId: PSK_ID, pskNonce };
  return { proposalType: defaultProposalTypes.psk, psk: { preSharedKeyId } };
}

function withPsk(psk: Uint8Array | undefined): MlsContext {
  return psk === undefined ? context : { ...context, externalPsks: { [bytesToBase64(PSK_ID)]: psk } };
}

/** Throws CryptoError for a mixture of changes, or one that we never make. */
function readStep(
  state: MlsState,
  senderLeaf: number | undefined,
  proposals: readonly ProposalWithSender[],
): Omit<TakenStep, "state" | "authenticatedData"> {
  const members = new Map(membersOf(state).map((member) => [member.leaf, member]));
  const by = senderLeaf === undefined ? undefined : members.get(senderLeaf);
  if (!by) throw new CryptoError();
  const added = proposals.flatMap(({ proposal }) =>
    isAdd(proposal) ? [nameOf(proposal.add.keyPackage.leafNode)] : [],
  );
  const removed = proposals.flatMap(({ proposal }) => members.get(removedLeaf(proposal) ?? -1) ?? []);
  const infos = proposals.flatMap(({ proposal }) =>
    isInfoChange(proposal) ? [infoFrom(proposal.groupContextExtensions.extensions)] : [],
  );
  const [kind, ...others] = [
    ...(removed.length > 0 ? (["remove"] as const) : []),
    ...(infos.length > 0 ? (["info"] as const) : []),
    ...(added.length > 0 ? (["add"] as const) : []),
  ];
  const isPure = others.length === 0 && proposals.length === removed.length + infos.length + added.length;
  if (!isPure || infos.length > 1) throw new CryptoError();
  return { kind: kind ?? "renew", by, added, removed, info: infos[0] ?? null };
}

function removedLeaf(proposal: Proposal): number | null {
  return "remove" in proposal ? proposal.remove.removed : null;
}

function isAdd(proposal: Proposal): proposal is Proposal & { add: { keyPackage: KeyPackage } } {
  return "add" in proposal;
}

function isInfoChange(
  proposal: Proposal,
): proposal is Proposal & { groupContextExtensions: { extensions: GroupContextExtension[] } } {
  return "groupContextExtensions" in proposal;
}

function infoFrom(extensions: readonly GroupContextExtension[]): GroupInfo {
  const [only, ...others] = extensions;
  if (others.length > 0 || only?.extensionType !== GROUP_INFO_EXTENSION) throw new CryptoError();
  return decodeGroupInfo(only.extensionData);
}

function infoExtension(info: GroupInfo): GroupContextExtension {
  return makeCustomExtension({ extensionType: GROUP_INFO_EXTENSION, extensionData: encodeGroupInfo(info) });
}

function memberOf(leaf: LeafNode, index: number): Member {
  return { ...nameOf(leaf), leaf: index, signatureKey: leaf.signaturePublicKey };
}

function nameOf({ credential }: LeafNode): DeviceName {
  if (!("identity" in credential)) throw new CryptoError();
  return readCredential(credential.identity);
}

/**
 * Whose message was opened between these two states. ts-mls does not say it; but it takes the key from the ratchet of
 * the leaf whose signature it checks, and no other ratchet moves.
 */
function senderOf(before: ClientState, after: ClientState): Member {
  const { leafNodes } = after.secretTree;
  const [moved, ...others] = Object.keys(leafNodes).filter(
    (index) => leafNodes[Number(index)] !== before.secretTree.leafNodes[Number(index)],
  );
  const node = after.ratchetTree[Number(moved)];
  if (others.length > 0 || node === undefined || !("leaf" in node)) throw new CryptoError();
  return memberOf(node.leaf, Number(moved) / 2);
}

function decodePrivate(bytes: Uint8Array): PrivateMessage {
  const message = decodeMessage(bytes);
  if (message.wireformat !== wireformats.mls_private_message) throw new CryptoError();
  return message.privateMessage;
}

function decodeMessage(bytes: Uint8Array): MlsMessage {
  if (bytes.length > SESSION_LIMITS.messageBytes) throw new CryptoError();
  return decodeOrThrow(mlsMessageDecoder, bytes);
}

function decodeKeyPackage(bytes: Uint8Array): KeyPackage {
  const keyPackage = decodeOrThrow(keyPackageDecoder, bytes);
  const { credential, signaturePublicKey } = keyPackage.leafNode;
  if (!("identity" in credential) || !isCertified(credential.identity, signaturePublicKey)) throw new CryptoError();
  return keyPackage;
}

function decodeSecrets(bytes: Uint8Array): PrivateKeyPackage {
  return decodeOrThrow(privateKeyPackageDecoder, bytes);
}

/** Exactly one value: trailing bytes would let two encodings stand for one thing. */
function decodeOrThrow<T>(
  decoder: (bytes: Uint8Array, offset: number) => [T, number] | undefined,
  bytes: Uint8Array,
): T {
  try {
    const decoded = decoder(bytes, 0);
    if (decoded && decoded[1] === bytes.length) return decoded[0];
  } catch {
    // the same as undecodable
  }
  throw new CryptoError();
}

async function attempt<T>(work: () => Promise<unknown>): Promise<T> {
  try {
    return (await work()) as T;
  } catch (error) {
    // The library says in detail what was wrong; whoever sent it must not learn that, nor must a log.
    throw error instanceof CryptoError ? error : new CryptoError();
  }
}
