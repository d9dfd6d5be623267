/**
 * The shapes of contract.ts as values, for the OpenAPI document and for checking answers in tests.
 * Their types tie them to the contract: a field missing or misnamed here does not compile.
 */
import * as v from "valibot";
import type * as contract from "./contract.ts";
import { routeStateSchema } from "./schemas-network.ts";

/** A schema of answers of type T. */
type Shape<T> = v.GenericSchema<unknown, T>;

const text = v.string();
const count = v.pipe(v.number(), v.integer());
const time = v.pipe(v.string(), v.isoTimestamp());
const deliveryState = v.picklist(["queued", "sent", "delivered", "read"]);
const cipher = v.picklist(["aes-256-gcm", "noctis-256"]);
const linkMode = v.picklist(["persistent", "timed", "one-time"]);

export const apiErrorSchema: Shape<contract.ApiError> = v.object({
  error: v.object({
    code: text,
    message: text,
    hint: v.exactOptional(text),
    fault: v.picklist(["usage", "input", "locked", "policy", "network", "internal"]),
  }),
});
export const doneSchema: Shape<contract.Done> = v.object({ ok: v.literal(true) });
export const sessionSchema: Shape<contract.Session> = v.object({ session: text });
export const launchSchema: Shape<contract.Launch> = v.object({ url: text });

const relayState = v.object({
  url: text,
  state: v.picklist(["connecting", "connected", "waiting", "closed"]),
  latencyMs: v.nullable(v.number()),
  embedded: v.exactOptional(v.boolean()),
});
const courierInUse = v.object({
  name: text,
  npub: text,
  hold: v.nullable(v.picklist(["not-a-contact", "no-session", "no-offer", "used-up", "full"])),
  why: v.nullable(text),
  handing: count,
  entrusted: count,
  leftToday: count,
});
const coverProfile = v.picklist(["stealth", "balanced", "fast"]);
const coverChoice = { profile: coverProfile, kilobytesPerHour: v.number(), secondsPerCell: v.number(), sees: text };

export const statusSchema: Shape<contract.Status> = v.object({
  running: v.literal(true),
  version: text,
  npub: v.exactOptional(text),
  relays: v.array(relayState),
  routes: v.array(routeStateSchema),
  outbox: count,
  mesh: v.object({ peers: count }),
  locked: v.boolean(),
  protection: v.picklist(["key-file", "passphrase"]),
  embeddedRelay: v.nullable(text),
  chaff: v.object({ cellsPerHour: count, kilobytesPerHour: count, sent: count }),
  cover: v.object({ ...coverChoice, changeable: v.boolean(), choices: v.array(v.object(coverChoice)) }),
  reading: v.object({
    budgetMegabytesPerHour: count,
    fits: v.boolean(),
    sees: text,
    relays: v.array(
      v.object({
        url: text,
        way: v.picklist(["crowd", "headers", "private"]),
        kilobytesPerHour: count,
        cellsPerHour: count,
        sees: text,
      }),
    ),
  }),
  courier: v.nullable(courierInUse),
  store: v.nullable(v.object({ place: v.string(), waiting: count, problem: v.nullable(v.string()) })),
  requests: count,
  unread: count,
  refused: count,
  reachable: v.picklist(["this-machine", "relays"]),
  warnings: v.array(text),
});
export const doctorSchema: Shape<contract.DoctorReport> = v.object({
  ok: v.boolean(),
  checks: v.array(v.object({ name: text, ok: v.boolean(), hint: text })),
});

export const identitySchema: Shape<contract.IdentityView> = v.object({
  npub: text,
  hex: text,
  fingerprint: text,
  devices: v.array(v.object({ id: text, name: text, addedAt: time })),
});
export const devicesSchema: Shape<contract.DeviceView[]> = v.array(
  v.object({
    id: text,
    name: text,
    addedAt: time,
    main: v.boolean(),
    me: v.boolean(),
    state: v.picklist(["active", "joining", "revoked", "unlinked"]),
    history: v.nullable(v.number()),
  }),
);
export const deviceLinkSchema: Shape<contract.DeviceLinkView> = v.object({ link: text, words: text, expiresAt: time });
export const personaSchema: Shape<contract.Persona> = v.object({
  id: text,
  label: text,
  npub: text,
  hex: text,
  fingerprint: text,
  devices: v.array(v.object({ id: text, name: text, addedAt: time })),
  displayName: text,
  relays: v.array(relayState),
  createdAt: time,
  expiresAt: v.nullable(time),
  unread: count,
  requests: count,
  outbox: count,
  held: v.boolean(),
});
export const personasSchema: Shape<contract.Persona[]> = v.array(personaSchema);
export const exportedIdentitySchema: Shape<contract.ExportedIdentity> = v.object({ ncryptsec: text });
export const recoverySchema: Shape<contract.RecoveryView> = v.object({
  hex: text,
  checksum: text,
  words: text,
  relays: v.array(text),
  confirmed: v.boolean(),
});
export const summarySchema: Shape<contract.SummaryView> = v.object({
  madeAt: v.nullable(time),
  relays: v.array(text),
  possible: v.boolean(),
  leftOut: count,
});
const share = { text, words: text };
export const shareListSchema: Shape<contract.ShareView[]> = v.array(v.object(share));
export const keptShareSchema: Shape<contract.KeptShareView> = v.object({ ...share, name: text, since: time });
export const sharesSchema: Shape<contract.SharesView> = v.object({
  given: v.nullable(
    v.object({
      need: count,
      at: time,
      people: v.array(v.object({ name: text, npub: text, arrived: v.boolean(), underWay: v.boolean() })),
    }),
  ),
  kept: count,
});
export const restoreSchema: Shape<contract.RestoreResult> = v.object({
  npub: text,
  contacts: count,
  files: count,
  summary: v.exactOptional(
    v.object({
      madeAt: v.nullable(time),
      groups: count,
      channels: count,
      relays: v.array(v.object({ url: text, state: v.picklist(["newest", "behind", "unreachable"]) })),
      warnings: v.array(text),
    }),
  ),
  meshCopyOf: v.exactOptional(time),
});
export const settingsSchema: Shape<contract.Settings> = v.object({
  displayName: text,
  relays: v.array(text),
  readReceipts: v.boolean(),
  typingIndicators: v.boolean(),
  invitedOnly: v.boolean(),
  cover: coverProfile,
  readingMegabytesPerHour: count,
  strangerWork: count,
  recoveryConfirmed: v.boolean(),
});
export const workCostsSchema: Shape<contract.WorkCost[]> = v.array(v.object({ bits: count, seconds: v.number() }));
export const offeredRelaysSchema: Shape<contract.OfferedRelays> = v.array(v.object({ url: text, note: text }));

const courierBudget = {
  name: text,
  npub: text,
  cellsPerDay: count,
  usedToday: count,
  credit: count,
  creditUntil: v.nullable(time),
  taken: count,
};
const voucher = { id: text, cells: count, expiresAt: time, redeemedBy: v.nullable(text) };
export const newVoucherSchema: Shape<contract.NewVoucher> = v.object({ ...voucher, code: text });
export const couriersSchema: Shape<contract.CouriersView> = v.object({
  using: v.nullable(courierInUse),
  offers: v.array(
    v.object({
      ...courierBudget,
      reportedAt: v.nullable(time),
      redeemed: v.nullable(v.picklist(["asked", "accepted", "refused"])),
    }),
  ),
  carrying: v.array(v.object({ ...courierBudget, queued: count })),
  vouchers: v.array(v.object(voucher)),
});

export const contactSchema: Shape<contract.Contact> = v.object({
  name: text,
  npub: text,
  state: v.picklist(["pending", "request", "accepted", "blocked"]),
  verified: v.boolean(),
  safety: v.nullable(text),
  fingerprint: text,
  encryption: v.picklist(["hybrid", "card-unknown", "interop"]),
  cardChanged: v.boolean(),
  changedSafety: v.nullable(text),
  invited: v.boolean(),
  working: v.boolean(),
  addedAt: time,
});
export const contactsSchema: Shape<contract.Contact[]> = v.array(contactSchema);
export const inviteSchema: Shape<contract.Invite> = v.object({ link: text, expiresAt: time });
export const verifySchema: Shape<contract.VerifyResult> = v.object({
  verified: v.boolean(),
  safety: v.nullable(text),
});

const person = v.object({ npub: text, name: text });
const messageFile = v.object({
  id: text,
  name: text,
  bytes: count,
  url: text,
  voiceSeconds: v.exactOptional(count),
  forRecipients: v.exactOptional(v.literal(true)),
});
export const messageSchema: Shape<contract.Message> = v.object({
  id: text,
  conversation: text,
  kind: v.picklist(["text", "notice"]),
  from: person,
  mine: v.boolean(),
  at: time,
  text,
  files: v.array(messageFile),
  state: deliveryState,
  profile: v.picklist(["hidden", "interop"]),
  editedAt: v.nullable(time),
  deleted: v.boolean(),
  replyTo: v.nullable(
    v.object({ id: text, from: v.nullable(person), excerpt: v.nullable(text), position: v.nullable(count) }),
  ),
  reactions: v.array(v.object({ emoji: text, by: v.array(person), mine: v.boolean() })),
  expiresAt: v.nullable(time),
  waiting: v.exactOptional(text),
  position: v.number(),
});
export const messagesSchema: Shape<contract.Message[]> = v.array(messageSchema);
export const messagePageSchema: Shape<contract.MessagePage> = v.object({
  messages: v.array(messageSchema),
  more: v.boolean(),
  newer: v.boolean(),
});
export const conversationSchema: Shape<contract.Conversation> = v.object({
  id: text,
  kind: v.picklist(["direct", "group", "channel"]),
  name: text,
  contact: v.nullable(contactSchema),
  last: v.nullable(messageSchema),
  unread: count,
  mutedUntil: v.nullable(time),
  route: v.nullable(v.literal("tor")),
  pinned: v.boolean(),
  archived: v.boolean(),
  draft: text,
  timerSeconds: v.nullable(count),
  typing: v.array(text),
});
export const conversationsSchema: Shape<contract.Conversation[]> = v.array(conversationSchema);
export const searchHitsSchema: Shape<contract.SearchHit[]> = v.array(
  v.object({ message: messageSchema, excerpt: text }),
);
export const sendResultSchema: Shape<contract.SendResult> = v.object({ id: text, state: deliveryState });

export const groupSchema: Shape<contract.Group> = v.object({
  id: text,
  name: text,
  members: v.array(
    v.object({
      npub: text,
      name: text,
      admin: v.boolean(),
      me: v.boolean(),
      state: v.picklist(["member", "invited", "applied"]),
    }),
  ),
  admin: v.boolean(),
  joined: v.boolean(),
  link: v.nullable(text),
});

export const channelPostSchema: Shape<contract.ChannelPost> = v.object({
  type: v.literal("post"),
  channel: text,
  n: count,
  at: time,
  mine: v.boolean(),
  text,
  files: v.array(messageFile),
  replyTo: v.nullable(count),
  editedAt: v.nullable(time),
  deleted: v.boolean(),
  state: v.picklist(["queued", "sent", "received"]),
});
export const channelSchema: Shape<contract.Channel> = v.object({
  id: text,
  name: text,
  description: text,
  mine: v.boolean(),
  state: v.picklist(["waiting", "open", "moved"]),
  forked: v.boolean(),
  missing: count,
  relays: v.array(text),
  joinedAt: time,
  last: v.nullable(channelPostSchema),
});
export const channelsSchema: Shape<contract.Channel[]> = v.array(channelSchema);
export const channelLinkSchema: Shape<contract.ChannelLink> = v.object({ link: text });
export const channelPageSchema: Shape<contract.ChannelPage> = v.object({
  entries: v.array(
    v.union([
      channelPostSchema,
      v.object({ type: v.literal("gap"), channel: text, from: count, to: count }),
      v.object({ type: v.literal("moved"), channel: text, n: count, at: time }),
    ]),
  ),
  before: v.nullable(count),
});

export const fileSchema: Shape<contract.FileView> = v.object({
  id: text,
  name: text,
  bytes: count,
  cipher,
  storage: v.picklist(["local", "mesh"]),
  mesh: v.nullable(
    v.object({
      state: v.picklist(["waiting", "sending", "kept"]),
      progress: v.number(),
      needed: v.nullable(count),
      total: v.nullable(count),
      survives: v.nullable(count),
      problem: v.nullable(text),
      here: v.boolean(),
    }),
  ),
  hasPassword: v.boolean(),
  addedAt: time,
  folder: v.nullable(text),
  path: text,
  versions: count,
  versionBytes: count,
  preview: v.nullable(v.picklist(["image", "audio", "video", "pdf", "text"])),
});
export const filesSchema: Shape<contract.FileView[]> = v.array(fileSchema);
export const folderSchema: Shape<contract.FolderView> = v.object({
  id: text,
  name: text,
  folder: v.nullable(text),
  path: text,
  createdAt: time,
});
export const folderListingSchema: Shape<contract.FolderListing> = v.object({
  crumbs: v.array(folderSchema),
  folders: v.array(folderSchema),
  files: filesSchema,
});
export const foundFilesSchema: Shape<contract.FoundFiles> = v.object({
  folders: v.array(folderSchema),
  files: filesSchema,
  more: v.boolean(),
});
export const fileVersionsSchema: Shape<contract.FileVersion[]> = v.array(
  v.object({ id: text, bytes: count, cipher, hasPassword: v.boolean(), addedAt: time }),
);
export const trashSchema: Shape<contract.TrashView> = v.object({
  entries: v.array(
    v.object({
      id: text,
      kind: v.picklist(["file", "folder"]),
      name: text,
      from: v.nullable(text),
      bytes: count,
      trashedAt: time,
      deletesAt: time,
    }),
  ),
  bytes: count,
});
export const fileSpaceSchema: Shape<contract.FileSpace> = v.object({
  bytes: count,
  versionBytes: count,
  trashBytes: count,
  diskBytes: count,
  bucketBytes: count,
  meshBytes: count,
  freeBytes: count,
  uploadBytes: count,
});
export const mountSchema: Shape<contract.MountView> = v.object({
  on: v.boolean(),
  url: text,
  user: text,
  ways: v.array(v.object({ system: text, steps: v.array(v.object({ words: text, command: v.exactOptional(text) })) })),
});
export const mountPasswordSchema: Shape<contract.MountPassword> = v.object({ password: text });
export const receivedFileSchema: Shape<contract.ReceivedFile> = v.object({
  message: text,
  file: text,
  name: text,
  bytes: count,
  done: count,
  state: v.picklist(["fetching", "waiting", "saved", "failed", "cancelled"]),
  retryAt: v.nullable(time),
  savedAs: v.nullable(v.object({ id: text, path: text, folder: v.nullable(text) })),
  error: v.nullable(v.object({ code: text, message: text, hint: v.nullable(text) })),
});
export const receivedFilesSchema: Shape<contract.ReceivedFile[]> = v.array(receivedFileSchema);
export const uploadSchema: Shape<contract.UploadView> = v.object({
  id: text,
  name: text,
  bytes: count,
  offset: count,
  folder: v.nullable(text),
  cipher,
  hasPassword: v.boolean(),
  fingerprint: text,
  createdAt: time,
  expiresAt: time,
  file: v.nullable(fileSchema),
});
export const uploadsSchema: Shape<contract.UploadView[]> = v.array(uploadSchema);
export const ticketSchema: Shape<contract.DownloadTicket> = v.object({ ticket: text });
export const previewSchema: Shape<contract.PreviewTicket> = v.object({
  ticket: text,
  type: text,
  preview: v.picklist(["image", "audio", "video", "pdf", "text"]),
});
export const thumbnailSchema: Shape<contract.ThumbnailView> = v.object({
  picture: v.nullable(v.object({ type: v.picklist(["image/webp", "image/jpeg"]), bytes: text })),
});
export const recoveredSchema: Shape<contract.RecoveredPassword> = v.object({ password: text });
export const linkSchema: Shape<contract.LinkView> = v.object({
  slug: text,
  url: text,
  kind: v.picklist(["file", "folder"]),
  file: v.object({ id: text, name: text }),
  mode: linkMode,
  hasPassword: v.boolean(),
  note: v.nullable(text),
  expiresAt: v.nullable(time),
  left: v.nullable(count),
  downloads: count,
  state: v.picklist(["active", "used", "expired"]),
  createdAt: time,
  sharedWith: v.nullable(v.object({ conversation: text, name: text, forRecipients: v.boolean() })),
  folder: v.nullable(v.object({ files: count, leftOut: count, missing: count })),
});
export const linkInfoSchema: Shape<contract.LinkInfo> = v.object({
  state: v.picklist(["active", "used", "expired", "ended", "unknown"]),
  needsPassword: v.boolean(),
  passwordSalt: v.nullable(text),
  argon2: v.nullable(v.object({ memoryKiB: count, passes: count, lanes: count })),
});
export const linkClaimSchema: Shape<contract.LinkClaim> = v.object({
  lease: text,
  leaseExpiresAt: time,
  sealedManifest: text,
  contentBytes: count,
  missing: v.exactOptional(v.array(count)),
});
export const linksSchema: Shape<contract.LinkView[]> = v.array(linkSchema);
