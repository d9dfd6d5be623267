/**
 * Which page is shown.
 *
 *     no session -> SessionLost | locked -> Unlock | else the shell with the scene of the address
 *
 * Addresses live in the fragment (#/chats/npub1...), which browsers never send to any server.
 */
import type { ReactNode } from "react";
import { useEffect } from "react";
import { Redirect, Route, Switch } from "wouter";
import { useContacts, useDevices, useFiles, useSettings, useStatus } from "./api/queries.ts";
import { Shell } from "./components/shell/shell.tsx";
import { AddContactScene } from "./scenes/add-contact.tsx";
import { AgentsScene } from "./scenes/agents.tsx";
import { ChannelScene } from "./scenes/channel.tsx";
import { ChannelsScene } from "./scenes/channels.tsx";
import { ChatsScene } from "./scenes/chats.tsx";
import { ContactScene } from "./scenes/contact.tsx";
import { ContactsScene } from "./scenes/contacts.tsx";
import { FilesScene } from "./scenes/files.tsx";
import { GroupScene } from "./scenes/group.tsx";
import { InviteScene } from "./scenes/invite.tsx";
import { JoinChannelScene } from "./scenes/join-channel.tsx";
import { JoinGroupScene } from "./scenes/join-group.tsx";
import { LinkDeviceScene } from "./scenes/link-device.tsx";
import { LinksScene } from "./scenes/links.tsx";
import { MeshScene } from "./scenes/mesh.tsx";
import { NetworkScene } from "./scenes/network.tsx";
import { NewGroupScene } from "./scenes/new-group.tsx";
import { PersonasScene } from "./scenes/personas.tsx";
import { RecoverScene } from "./scenes/recover.tsx";
import { RecoveryKeyScene } from "./scenes/recovery-key.tsx";
import { RequestsScene } from "./scenes/requests.tsx";
import { SessionLostScene } from "./scenes/session-lost.tsx";
import { SharesScene } from "./scenes/shares.tsx";
import { SettingsScene } from "./scenes/settings.tsx";
import { TrashScene } from "./scenes/trash.tsx";
import { UnlockScene } from "./scenes/unlock.tsx";
import { WelcomeScene } from "./scenes/welcome.tsx";
import { isLinked } from "./lib/device-words.ts";
import { actingStore } from "./stores/acting.ts";
import { forgetEverything } from "./stores/forget.ts";
import { sessionStore } from "./stores/session.ts";
import { useStore } from "./stores/store.ts";

/** The outer gate: whether this tab may talk to the node at all. */
export function App(): ReactNode {
  const session = useStore(sessionStore);
  if (session.phase === "starting") return null;
  if (session.phase === "lost") return <SessionLostScene reason={session.reason} />;
  return <Vault />;
}

/** The inner gate. A node that stops answering later does not close it: what is on screen stays readable. */
function Vault(): ReactNode {
  const { data: status, error } = useStatus();
  const acting = useStore(actingStore);
  const locked = status?.locked ?? false;
  useEffect(() => {
    if (locked) forgetEverything();
  }, [locked]);
  if (!status) return error ? <SessionLostScene reason="unreachable" /> : null;
  if (locked) return <UnlockScene />;
  return (
    // By who acts: nothing that a scene holds of one is there for another.
    <Shell key={acting?.id ?? "yourself"}>{acting ? <PersonaScenes /> : <Scenes />}</Shell>
  );
}

/** The scenes of contacts and messages, whoever acts. */
const MESSAGING: readonly ReactNode[] = [
  <Route key="chats" path="/chats/:who?/:at?">
    {({ who, at }) => <ChatsScene who={who ?? null} at={positionIn(at)} />}
  </Route>,
  <Route key="requests" path="/requests/:npub?">
    {({ npub }) => <RequestsScene npub={npub ?? null} />}
  </Route>,
  <Route key="new-group" path="/groups/new" component={NewGroupScene} />,
  <Route key="join-group" path="/groups/join" component={JoinGroupScene} />,
  <Route key="group" path="/groups/:id">
    {({ id }) => <GroupScene key={id} id={id} />}
  </Route>,
  <Route key="contacts" path="/contacts" component={ContactsScene} />,
  <Route key="add" path="/contacts/add" component={AddContactScene} />,
  <Route key="contact" path="/contacts/:npub">
    {({ npub }) => <ContactScene key={npub} npub={npub} />}
  </Route>,
  <Route key="invite" path="/invite" component={InviteScene} />,
  <Route key="personas" path="/personas" component={PersonasScene} />,
];

/** Files, channels and settings are the root's: their addresses lead to the chats while a persona acts. */
function PersonaScenes(): ReactNode {
  return (
    <Switch>
      {MESSAGING}
      <Route>
        <Redirect to="/chats" replace />
      </Route>
    </Switch>
  );
}

/** An unknown address leads to the chats: an old bookmark is no error worth a page. */
function Scenes(): ReactNode {
  return (
    <Switch>
      <Route path="/" component={Start} />
      <Route path="/welcome" component={WelcomeScene} />
      <Route path="/link-device" component={LinkDeviceScene} />
      <Route path="/recover" component={RecoverScene} />
      {MESSAGING}
      <Route path="/channels" component={ChannelsScene} />
      <Route path="/channels/:id">{({ id }) => <ChannelScene key={id} id={id} />}</Route>
      <Route path="/join" component={JoinChannelScene} />
      <Route path="/files/trash" component={TrashScene} />
      <Route path="/files/:folder?">{({ folder = "" }) => <FilesScene key={folder} folder={folder} />}</Route>
      <Route path="/links" component={LinksScene} />
      <Route path="/mesh" component={MeshScene} />
      <Route path="/network" component={NetworkScene} />
      <Route path="/agents/:part?">{({ part }) => <AgentsScene part={part ?? null} />}</Route>
      <Route path="/settings/recovery-key" component={RecoveryKeyScene} />
      <Route path="/settings/shares" component={SharesScene} />
      <Route path="/settings/:part?">{({ part }) => <SettingsScene part={part ?? null} />}</Route>
      <Route>
        <Redirect to="/chats" replace />
      </Route>
    </Switch>
  );
}

/** The position of a message in an address; null for none, and for what is no position. */
function positionIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** A vault in which nothing happened yet begins with the welcome; any other with its chats. */
function Start(): ReactNode {
  const { data: settings } = useSettings();
  const { data: contacts, error } = useContacts();
  const { data: files } = useFiles();
  const { data: devices } = useDevices();
  if (error) return <Redirect to="/chats" replace />;
  if (!settings || !contacts || !files || !devices) return null;
  if (contacts.length === 0 && isLinked(devices)) return <Redirect to="/link-device" replace />;
  const untouched = contacts.length === 0 && files.length === 0 && settings.displayName === "";
  return <Redirect to={untouched && !settings.recoveryConfirmed ? "/welcome" : "/chats"} replace />;
}
