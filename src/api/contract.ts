/**
 * What the node says to its faces (web app, CLI, other programs): types only, no code.
 * JSON over HTTP under `/api`, and events over one WebSocket. Shapes only ever gain fields.
 * Times are ISO 8601 text, sizes are bytes, `npub` is the bech32 public key of a person.
 *
 * | method and path | body or query | answer |
 * |---|---|---|
 * | POST /api/session | token of the launch URL `http://localhost:PORT/#token=TOKEN` | Session |
 * | POST /api/launch | | Launch |
 * | GET /api/status, /api/doctor, /api/openapi.json | | Status, DoctorReport |
 * | POST /api/stop | | Done |
 * | GET /api/identity | | IdentityView |
 * | POST /api/identity/import | secret, password? | IdentityView |
 * | POST /api/identity/export | password | ExportedIdentity |
 * | GET /api/devices; POST /api/devices/links | | DeviceView[]; DeviceLinkView |
 * | POST /api/devices/join; DELETE /api/devices/:id | JoinAccount; (revoke, by id or name) | IdentityView; DeviceView[] |
 * | POST /api/vault/passphrase | next, current? | Done |
 * | POST /api/vault/lock, /api/vault/unlock | -, passphrase | Done |
 * | POST /api/vault/wipe | confirm: "wipe" | Done, and the node stops |
 * | GET /api/vault/backup, POST /api/vault/backup/ticket | | the archive, DownloadTicket |
 * | GET /api/recovery, POST /api/recovery/confirm | | RecoveryView, Done |
 * | GET, POST /api/recovery/summary | (POST: leaves one at your relays now) | SummaryView |
 * | POST /api/recovery/restore | key (hex, words, or shares, one a line), relays | RestoreResult |
 * | GET, POST /api/recovery/shares | SplitKey | SharesView; ShareView[] |
 * | POST /api/recovery/shares/:who/show | | KeptShareView |
 * | POST /api/recovery/unlock | key (hex or words), next? (the new passphrase) | Done |
 * | GET, PATCH /api/settings; GET /api/relays/offered | any fields of Settings | Settings, OfferedRelays |
 * | GET /api/settings/work | | WorkCost[] |
 * | GET, PATCH /api/network | ChangeNetwork | NetworkView |
 * | PUT /api/network/relays; POST /api/network/renew | ChooseRoute; (new circuits for everything) | NetworkView; Done |
 * | POST /api/network/visitors | host: an onion service that not everybody reaches | VisitorLine |
 * | POST /api/network/windows; POST /api/network/windows/:id/renew | (renew: a new identity) | BrowseWindowView |
 * | DELETE /api/network/windows/:id | | Done |
 * | GET, POST /api/personas; DELETE /api/personas/:id | NewPersona | Persona[], Persona; Done |
 * | GET, POST /api/contacts; POST /api/invites | AddContact | Contact[], Contact, Invite |
 * | PATCH, DELETE /api/contacts/:who | name | Contact, Done |
 * | POST /api/contacts/:who/accept, block, verify | verify: safety? | Contact, Contact, VerifyResult |
 * | GET /api/couriers | | CouriersView |
 * | PUT, DELETE /api/couriers/use | who: a contact who carries for you | CouriersView |
 * | PUT, DELETE /api/couriers/carrying/:who | cellsPerDay | CouriersView |
 * | POST /api/couriers/vouchers; POST /api/couriers/redeem | cells, expires ("30d"); who, code | NewVoucher; Done |
 * | GET /api/conversations | | Conversation[] |
 * | PATCH /api/conversations/:who | ChangeConversation | Conversation |
 * | GET /api/conversations/:who/messages | ?before= or ?after= or ?around= (positions), ?limit= | MessagePage |
 * | POST /api/conversations/:who/read | upTo (a position) | Done |
 * | POST /api/conversations/:who/typing | {} while one types, every 4 s at most | Done |
 * | POST /api/messages | SendMessage | SendResult |
 * | GET, PUT, DELETE /api/messages/:id | PUT: text; DELETE: ?for=all or me (default) | Message, Message, Done |
 * | PUT /api/messages/:id/reaction | emoji (null takes it back) | Message |
 * | GET /api/messages/:id/wait | ?state=&timeoutS= | SendResult |
 * | POST /api/messages/:id/files/:file/content, .../ticket | (fetched from the sender's node) | the bytes, DownloadTicket |
 * | POST, DELETE /api/messages/:id/files/:file/save; GET /api/received | folder?; (DELETE: stops it) | ReceivedFile, Done; ReceivedFile[] |
 * | GET /api/search | ?q=&in=&limit= | SearchHit[] |
 * | GET /api/inbox | ?with=&since=&after=&limit= | Message[], or one a line for `Accept: application/x-ndjson` |
 * | GET, POST /api/channels; POST /api/channels/join | CreateChannel; link | Channel[], Channel; Channel |
 * | GET, DELETE /api/channels/:id | (DELETE: leave) | Channel, Done |
 * | GET /api/channels/:id/link; POST /api/channels/:id/fresh-start | | ChannelLink |
 * | GET, POST /api/channels/:id/posts | ?before= (a number), ?limit=; PostInChannel | ChannelPage, ChannelPost |
 * | PUT, DELETE /api/channels/:id/posts/:n | text | ChannelPost |
 * | POST /api/groups; POST /api/groups/join | CreateGroup; link | Group, Done |
 * | GET, PATCH /api/groups/:id; POST /api/groups/:id/leave | PATCH: name | Group |
 * | POST, DELETE /api/groups/:id/link | (a new join link; an older one ends) | Group |
 * | POST /api/groups/:id/members | who: contacts to be invited | Group |
 * | DELETE /api/groups/:id/members/:npub | (also takes back an invitation, refuses an application) | Group |
 * | POST /api/groups/:id/members/:npub/approve | | Group |
 * | PUT /api/groups/:id/members/:npub/admin | admin: boolean | Group |
 * | GET, PUT /api/files | PUT: ?name=&cipher=&folder=&taken=&storage= (local or mesh), raw body | FileView[], FileView |
 * | GET, PATCH, DELETE /api/files/:id | NewPlace; DELETE moves to the trash, ?forever=true for good | FileView, Done |
 * | POST, DELETE /api/files/:id/mesh | (POST: kept in the mesh, from now on; DELETE: only here again) | FileView |
 * | POST, DELETE /api/files/:id/local | (POST: brings its bytes back from the mesh; DELETE: takes them off this disk) | FileView |
 * | GET /api/mesh; POST /api/mesh/join, /api/mesh/leave | JoinMesh | MeshView |
 * | POST /api/mesh/vouchers | voucher (base64url, of a node's operator) | MeshVoucherView |
 * | GET /api/mesh/receipts | ?after= (`next` of the page before), ?limit= | MeshReceiptPage |
 * | GET /api/agents/health, peers, votes, compute, awareness, quarantine | (of a running `nocturne-agent`, as agent-contract.ts says) | AgentHealth, AgentPeer[], VoteView[], TaskView[], AwarenessView, CaseView[] |
 * | GET /api/agents/knowledge; GET /api/agents/knowledge/:id | ?domain=&query=&level=&limit= | EntryView[]; EntryView |
 * | GET /api/agents/knowledge/tally; POST /api/agents/knowledge/vote | ?entry= (null: none yet); VoteInput | TallyView; VoteView |
 * | GET, POST /api/uploads | CreateUpload (finds an unfinished one of the same file again) | UploadView[], UploadView |
 * | GET, PATCH, DELETE /api/uploads/:id | PATCH: header `upload-offset`, raw body; 409 and the right `upload-offset` for another | UploadView, Done |
 * | POST /api/files/:id/content | password?, version?; headers `range`, `if-range` (an `etag`) | the bytes |
 * | GET /api/files/search, /api/files/space | ?q= | FoundFiles, FileSpace |
 * | GET /api/files/:id/versions; POST, DELETE /api/files/:id/versions/:version | (POST: makes it the newest) | FileVersion[]; Done |
 * | POST /api/files/:id/copy | NewPlace | FileView |
 * | GET, POST /api/folders | ?folder=; name, folder? | FolderListing, FolderView |
 * | PATCH, DELETE /api/folders/:id | NewPlace; as of a file | FolderView, Done |
 * | GET, DELETE /api/trash | (DELETE: empties it) | TrashView, Done |
 * | GET, PATCH /api/mount; POST /api/mount/password | PATCH: on?, newPassword? | MountView; MountPassword |
 * | POST, DELETE /api/trash/:id | (POST: brings it back) | Done |
 * | POST /api/files/:id/ticket, POST /api/files/download | password?, version?; form field `ticket` | DownloadTicket, the bytes |
 * | POST /api/files/:id/preview | password?, version? | PreviewTicket |
 * | GET, DELETE /api/files/preview/:ticket | GET: header `range`, by an element of the page | the bytes, Done |
 * | GET, POST /api/files/:id/thumbnail | POST: addedAt (of its content), picture (base64url, WebP or JPEG) | ThumbnailView, Done |
 * | POST /api/files/:id/recover, /api/files/:id/password | recoveryKey?; current, next | RecoveredPassword, Done |
 * | POST /api/files/:id/links; GET /api/links; DELETE /api/links/:slug | CreateLink | LinkView, LinkView[], Done |
 * | GET /s/:slug/info; POST /s/:slug/claim | -; proof | LinkInfo, LinkClaim |
 * | GET /s/:slug/content | headers `x-nocturne-lease`, `range` | sealed bytes |
 *
 * Every call under `/api` but the first carries the header `x-nocturne-session`; calls over the Unix
 * socket in the data directory need none. With the header `x-nocturne-persona` (a persona's id) the calls about contacts, couriers,
 * invites, conversations, messages, groups, inbox and search act for that persona; events of one carry `persona`. `:who` is a contact's name, npub or hex key, or a conversation's id.
 */

import type {
  CipherSuite,
  FileInMesh,
  FileSpace,
  FileVersion,
  FileView,
  FolderListing,
  FolderView,
  FoundFiles,
  LinkClaim,
  LinkedFolder,
  LinkInfo,
  LinkMode,
  LinkView,
  MeshCopyView,
  PreviewKind,
  ReceivedFile,
  SharedWith,
  TrashEntry,
  TrashView,
  UploadView,
} from "../files/views.ts";
import type {
  Channel,
  ChannelEntry,
  ChannelGap,
  ChannelMoved,
  ChannelPage,
  ChannelPost,
} from "../messaging/channel/views.ts";
import type {
  CourierAllowance,
  CourierInUse,
  CourierOffer,
  CouriersView,
  CourierVoucher,
  NewVoucher,
} from "../messaging/courier/views.ts";
import type {
  ChangeConversation,
  Contact,
  ContactState,
  Conversation,
  CreateGroup,
  DeliveryState,
  DeviceLinkView,
  DeviceView,
  Group,
  GroupMember,
  Invite,
  JoinAccount,
  Message,
  MessageFile,
  MessagePage,
  Profile,
  Quote,
  Reaction,
  KeptShareView,
  SearchHit,
  SendMessage,
  SendResult,
  ShareKeeper,
  SharesView,
  ShareView,
  SplitKey,
  VerifyResult,
} from "../messaging/views.ts";
import type {
  BridgeKind,
  BridgesView,
  BrowseWindowView,
  VisitorLine,
  BrowsingView,
  ChangeNetwork,
  ChooseRoute,
  CircuitView,
  NetworkView,
  OnionServiceView,
  RouteEvent,
  RouteUse,
  RouteView,
  Way,
} from "../node/network-views.ts";
import type {
  JoinMesh,
  MeshAccountView,
  MeshCodingView,
  MeshKeptView,
  MeshNodeView,
  MeshProblem,
  MeshReceiptPage,
  MeshReceiptView,
  MeshSettings,
  MeshShare,
  MeshView,
  MeshVoucherView,
} from "../node/mesh-views.ts";
import type {
  DoctorCheck,
  DoctorReport,
  NewPersona,
  NodeEvent,
  OfferedRelays,
  Persona,
  Protection,
  RelayState,
  RestoreResult,
  SummaryView,
  FoundSummary,
  RouteState,
  Settings,
  Status,
  StoreView,
  WorkCost,
} from "../node/views.ts";

export type {
  DoctorCheck,
  DoctorReport,
  NewPersona,
  OfferedRelays,
  Persona,
  Protection,
  RelayState,
  RestoreResult,
  SummaryView,
  FoundSummary,
  RouteState,
  Settings,
  Status,
  StoreView,
  WorkCost,
};
export type { BridgeKind, BridgesView, BrowseWindowView, BrowsingView, CircuitView, VisitorLine };
export type { ChangeNetwork, ChooseRoute, NetworkView, OnionServiceView, RouteEvent, RouteUse, RouteView, Way };
export type { Channel, ChannelEntry, ChannelGap, ChannelMoved, ChannelPage, ChannelPost };
export type { CourierAllowance, CourierInUse, CourierOffer, CouriersView, CourierVoucher, NewVoucher };
export type { CipherSuite, FileView, LinkClaim, LinkedFolder, LinkInfo, LinkMode, LinkView, ReceivedFile, SharedWith };
export type { JoinMesh, MeshAccountView, MeshCodingView, MeshKeptView, MeshNodeView, MeshProblem, MeshSettings };
export type { FileInMesh, MeshCopyView, MeshReceiptPage, MeshReceiptView, MeshShare, MeshView, MeshVoucherView };
export type { FileSpace, FileVersion, FolderListing, FolderView, FoundFiles, PreviewKind };
export type { TrashEntry, TrashView, UploadView };
export type * from "./agent-contract.ts";
export type { CareStatus, LeaveProgress, OperatorStatus, OperatorWarning } from "../mesh/operator-status.ts";
export type {
  ChangeConversation,
  Contact,
  ContactState,
  Conversation,
  CreateGroup,
  DeliveryState,
  DeviceLinkView,
  DeviceView,
  Group,
  GroupMember,
  Invite,
  JoinAccount,
  Message,
  MessageFile,
  MessagePage,
  Profile,
  Quote,
  Reaction,
  SearchHit,
  SendMessage,
  SendResult,
  VerifyResult,
  KeptShareView,
  ShareKeeper,
  SharesView,
  ShareView,
  SplitKey,
};

/** Body of every answer that is not 2xx. `code` is stable; `message` says what and why, `hint` what to do. */
export interface ApiError {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string; readonly fault: Fault };
}

/** Whose fault it is: the caller's, the input's, the network's, a policy's, or our own. */
export type Fault = "usage" | "input" | "locked" | "policy" | "network" | "internal";

/** POST /api/session {token}: trades the one-time launch token for the header `x-nocturne-session`. */
export interface Session {
  readonly session: string;
}

/** POST /api/launch: a further one-time launch URL, good for 60 s, for another tab or after a reload. */
export interface Launch {
  readonly url: string;
}

/** GET /api/mount: the library as a drive for other programs of this machine. */
export interface MountView {
  readonly on: boolean;
  /** Where it is, without name and password. */
  readonly url: string;
  readonly user: string;
  readonly ways: readonly MountWay[];
}

/** A system, and what to do there in this order: words, and what is to be typed as it is. */
export interface MountWay {
  readonly system: string;
  readonly steps: readonly { readonly words: string; readonly command?: string }[];
}

/** POST /api/mount/password: what other programs are asked for. */
export interface MountPassword {
  readonly password: string;
}

/** The answer of a call that has nothing to tell. */
export interface Done {
  readonly ok: true;
}

/** POST /api/identity/export {password} */
export interface ExportedIdentity {
  /** The secret key under the password (NIP-49). */
  readonly ncryptsec: string;
}

/** GET /api/identity, POST /api/identity/import {secret, password?} */
export interface IdentityView {
  readonly npub: string;
  readonly hex: string;
  /** Groups of five characters, to be read aloud. */
  readonly fingerprint: string;
  readonly devices: readonly { readonly id: string; readonly name: string; readonly addedAt: string }[];
}

/** GET /api/recovery */
export interface RecoveryView {
  /** 64 hex characters. */
  readonly hex: string;
  /** Two further hex characters that catch a typing error. */
  readonly checksum: string;
  /** The same key as 24 words. */
  readonly words: string;
  /** Those that hold the account's summary: they belong on the same paper. */
  readonly relays: readonly string[];
  /** True once the person has confirmed that it is written down (POST /api/recovery/confirm). */
  readonly confirmed: boolean;
}

/** POST /api/contacts {invite: link, npub or hex; name?} */
export interface AddContact {
  readonly invite: string;
  readonly name?: string;
}

/** POST /api/channels {name, description?} */
export interface CreateChannel {
  readonly name: string;
  readonly description?: string;
}

/** Whoever has the link reads the channel from the beginning of its present epoch on. */
export interface ChannelLink {
  readonly link: string;
}

/** POST /api/channels/:id/posts {text, files?: ids of your files, replyTo?: a post's number} */
export interface PostInChannel {
  readonly text: string;
  readonly files?: readonly string[];
  readonly replyTo?: number;
}

/**
 * PATCH /api/files/:id and /api/folders/:id, POST /api/files/:id/copy: what is left out stays. A folder is named by
 * its id, or by its path; "" and "/" are the top.
 */
export interface NewPlace {
  readonly name?: string;
  readonly folder?: string;
}

/** POST /api/uploads, with the header `x-nocturne-password` as of a PUT. */
export interface CreateUpload {
  readonly name: string;
  readonly bytes: number;
  readonly folder?: string;
  readonly cipher?: CipherSuite;
  readonly taken?: "version" | "rename";
  /** `mesh`: kept there, too, once it is a file. */
  readonly storage?: "local" | "mesh";
  /** By what you know the file again, such as its size and time: another fingerprint starts another upload. */
  readonly fingerprint: string;
}

/** POST /api/files/:id/ticket {password?, version?}: a form POST of `ticket` to /api/files/download then saves the file. */
export interface DownloadTicket {
  readonly ticket: string;
}

/** POST /api/files/:id/preview: for images, audio, video and PDF; text is read by POST /api/files/:id/content. */
export interface PreviewTicket {
  readonly ticket: string;
  /** The media type that its bytes are sent as, told by the file's name. */
  readonly type: string;
  readonly preview: PreviewKind;
}

/** GET /api/files/:id/thumbnail */
export interface ThumbnailView {
  /** `bytes` is base64url; null while no page has made one. */
  readonly picture: { readonly type: "image/webp" | "image/jpeg"; readonly bytes: string } | null;
}

/** POST /api/files/:id/links {mode, expires?, downloads?, password?, note?, filePassword?}; the id of a file or a folder */
export interface CreateLink {
  readonly mode: LinkMode;
  /** How long a timed link lives, for example "1h", "24h", "7d". */
  readonly expires?: string;
  readonly downloads?: number;
  readonly password?: string;
  /** Plain text that the visitor is shown; sealed like the file's name. */
  readonly note?: string;
  /** Needed when the file itself has a password. */
  readonly filePassword?: string;
}

/** POST /api/files/:id/recover {recoveryKey?} */
export interface RecoveredPassword {
  readonly password: string;
}

/** Events of the WebSocket /api/push after its first frame {"session": "..."} was answered by {"event":"welcome"}. */
export type PushEvent = { readonly event: "welcome" } | NodeEvent;
