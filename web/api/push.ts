/**
 * The push socket: events of the node, turned into edits of the cache.
 *
 *     open -> {"session"} -> {"event":"welcome"} -> events ... closed -> wait, doubled up to 8 s -> open
 *
 * What happened before a welcome is unknown: an answer may have been read before the socket opened, and after
 * a new launch the cache may be of an earlier session. So every welcome refetches all that is shown.
 * Refetches are gathered for a moment: a burst of a thousand messages asks for each list once.
 */
import type { Conversation, MeshView, Message, PushEvent, ReceivedFile } from "../../src/api/contract.ts";
import { actingId } from "../stores/acting.ts";
import { currentSession, sessionStore } from "../stores/session.ts";
import { type Store, createStore } from "../stores/store.ts";
import { keys } from "./keys.ts";
import { withChanged, withMessage, withState, withoutMessage } from "./message-cache.ts";
import type { MessagePages } from "./message-pages.ts";
import { queryClient } from "./queries.ts";

const RETRY_MS = 500;
const RETRY_MAX_MS = 8_000;
const GATHER_MS = 120;
const FILES_UNDER_WAY_MS = 1_000;
const FILES_AT_REST_MS = 10_000;

/** True until the socket is lost, so that the first moments of a launch do not look like a failure. */
export const connectedStore: Store<boolean> = createStore(true);

const listeners = new Set<(message: Message) => void>();

/** Hears of every new message, incoming and outgoing. Returns the function that ends it. */
export function onMessage(listener: (message: Message) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Holds a socket open while there is a session. Call once at start. */
export function startPush(): void {
  let held: string | null = null;
  const follow = (): void => {
    const session = currentSession();
    if (session === null || session === held) return;
    held = session;
    connect(session, RETRY_MS);
  };
  sessionStore.subscribe(follow);
  follow();
}

function connect(session: string, retryMs: number): void {
  if (currentSession() !== session) return;
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/push`);
  let welcomed = false;
  socket.addEventListener("open", () => socket.send(JSON.stringify({ session })));
  socket.addEventListener("message", ({ data }) => {
    const event = JSON.parse(String(data)) as PushEvent;
    if (event.event !== "welcome") return hear(event);
    welcomed = true;
    connectedStore.set(true);
    refetchAll();
  });
  socket.addEventListener("close", () => {
    connectedStore.set(false);
    // A refused or dead session shows itself by 401 on the next call; ask one, so that it comes soon.
    refetchSoon(keys.status);
    const nextMs = welcomed ? RETRY_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
    setTimeout(() => connect(session, nextMs), retryMs);
  });
}

type Heard = Exclude<PushEvent, { event: "welcome" }>;

/** About contacts and messages: these events are of somebody. */
const OF_SOMEBODY: ReadonlySet<Heard["event"]> = new Set<Heard["event"]>([
  "message",
  "message-state",
  "message-changed",
  "message-gone",
  "conversation",
  "typing",
  "contacts",
]);

/** What somebody else's contacts wrote is not shown here, only counted. */
function hear(event: Heard): void {
  const persona = "persona" in event ? (event.persona ?? null) : null;
  if (persona !== null) refetchSoon(keys.personas);
  if (!OF_SOMEBODY.has(event.event) || persona === actingId()) apply(event);
}

/** Messages and states edit the cache in place of a refetch; whatever changes seldom is simply fetched anew. */
function apply(event: Heard): void {
  switch (event.event) {
    case "message":
      editMessages(event.message.conversation, (pages) => withMessage(pages, event.message));
      for (const listener of listeners) listener(event.message);
      return refetchSoon(keys.conversations, keys.status);
    case "message-state":
      editMessages(event.conversation, (pages) => withState(pages, event.id, event.state));
      return refetchSoon(keys.conversations, keys.status);
    case "message-changed":
      editMessages(event.message.conversation, (pages) => withChanged(pages, event.message));
      return refetchSoon(keys.conversations);
    case "message-gone":
      editMessages(event.conversation, (pages) => withoutMessage(pages, event.id));
      return refetchSoon(keys.conversations, keys.status);
    case "conversation":
      return applyConversation(event.conversation);
    case "typing":
      return editConversation(event.conversation, (old) => withTyping(old, event.name, event.on));
    case "contacts":
      return refetchSoon(keys.contacts, keys.conversations, keys.groups, keys.status);
    case "devices":
      return refetchSoon(keys.devices);
    case "channel":
      return refetchSoon(keys.channels, keys.postsOf(event.channel.id));
    case "channel-post":
      return refetchSoon(keys.channels, keys.postsOf(event.post.channel));
    case "channel-gone":
      return refetchSoon(keys.channels);
    case "received":
      return noteReceived(event.file);
    case "files":
      if (queryClient.getQueryData(keys.received)) refetchSoon(keys.received);
      return refetchSoon(keys.files, keys.folders, keys.foundFiles, keys.trash, keys.versions, keys.space);
    case "links":
      return refetchSoon(keys.links);
    case "store":
      return refetchSoon(keys.status, keys.space);
    case "settings":
      return refetchSoon(keys.settings, keys.identity, keys.status, keys.mount);
    case "personas":
      return refetchSoon(keys.personas);
    case "mesh":
      followMeshFiles();
      return refetchSoon(keys.mesh, keys.status);
    case "network":
    case "relays":
      return refetchSoon(keys.network, keys.status);
    case "locked":
    case "unlocked":
      return refetchSoon(keys.status);
  }
}

let filesDue: { readonly timer: ReturnType<typeof setTimeout>; readonly isSoon: boolean } | null = null;

/** How far files are, and how safe: long lists, which the socket would otherwise have fetched four times a second. */
function followMeshFiles(): void {
  const mesh = queryClient.getQueryData<MeshView>(keys.mesh);
  const isSoon = mesh !== undefined && (mesh.state !== "up" || mesh.kept.waiting > 0);
  if (filesDue && (filesDue.isSoon || !isSoon)) return;
  if (filesDue) clearTimeout(filesDue.timer);
  const fetchThem = (): void => {
    filesDue = null;
    refetchSoon(keys.files, keys.folders, keys.foundFiles);
  };
  filesDue = { timer: setTimeout(fetchThem, isSoon ? FILES_UNDER_WAY_MS : FILES_AT_REST_MS), isSoon };
}

/** Also tells that a group changed, or that one was let into one. */
function applyConversation(conversation: Conversation): void {
  const { id, kind, draft } = conversation;
  const list = queryClient.getQueryData<readonly Conversation[]>(keys.conversations);
  const old = list?.find((one) => one.id === id);
  editConversation(id, () => conversation);
  // A member's name may have come, which stands in messages, too; an own draft brings none.
  if (kind === "group" && old?.draft === draft) refetchSoon(keys.group(id), keys.messagesOf(id));
  refetchSoon(...(old ? [keys.status] : [keys.conversations, keys.status]));
}

/** How far a file of a message is; one that was stopped is as if it had never been asked for. */
function noteReceived(file: ReceivedFile): void {
  queryClient.setQueryData<readonly ReceivedFile[]>(keys.received, (list) => {
    const others = list?.filter((one) => one.message !== file.message || one.file !== file.file);
    return others && (file.state === "cancelled" ? others : [...others, file]);
  });
  if (queryClient.isFetching({ queryKey: keys.received }) > 0) refetchSoon(keys.received);
}

/** A conversation that was never opened has no pages; it is fetched when it is. */
export function editMessages(who: string, edit: (pages: MessagePages) => MessagePages): void {
  const queryKey = keys.messagesOf(who);
  queryClient.setQueriesData<MessagePages>({ queryKey }, (pages) => pages && edit(pages));
  // An answer that is under way may have been read before this event, and would undo the edit.
  if (queryClient.isFetching({ queryKey }) > 0) refetchSoon(queryKey);
}

/** Changes one conversation of the list; one that is not listed yet comes with the next answer. */
export function editConversation(id: string, edit: (old: Conversation) => Conversation): void {
  queryClient.setQueryData<readonly Conversation[]>(keys.conversations, (list) =>
    list?.map((one) => (one.id === id ? edit(one) : one)),
  );
}

function withTyping(conversation: Conversation, name: string, on: boolean): Conversation {
  const others = conversation.typing.filter((one) => one !== name);
  return { ...conversation, typing: on ? [...others, name] : others };
}

const waiting = new Map<string, readonly string[]>();

/** Refetches these lists after a moment, each once. */
export function refetchSoon(...queryKeys: readonly (readonly string[])[]): void {
  if (waiting.size === 0) setTimeout(refetchNow, GATHER_MS);
  for (const key of queryKeys) waiting.set(key.join("/"), key);
}

/** All but the invite: to ask for it again would make another one. */
function refetchAll(): void {
  const cached = queryClient.getQueryCache().getAll();
  const queryKeys = cached.map(({ queryKey }) => queryKey as readonly string[]);
  refetchSoon(...queryKeys.filter(([name]) => name !== keys.invite[0]));
}

/** What is just being fetched has its turn afterwards: that answer may be older than the reason to ask again. */
function refetchNow(): void {
  const due = [...waiting.values()];
  waiting.clear();
  for (const queryKey of due) {
    if (queryClient.isFetching({ queryKey }) > 0) refetchSoon(queryKey);
    else void queryClient.invalidateQueries({ queryKey });
  }
}
