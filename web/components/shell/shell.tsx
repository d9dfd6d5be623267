/** The frame around every scene: rooms at the side, banners above, dialogs that open from anywhere. */
import { type ReactNode, useEffect, useState } from "react";
import { useLocation, useRoute } from "wouter";
import { useConversations } from "../../api/queries.ts";
import { neighbour, unreadCount } from "../../lib/conversation-list.ts";
import { setUnreadCount } from "../../lib/title.ts";
import { UnlinkedBanner } from "../devices/unlinked-banner.tsx";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { ActingBanner } from "../personas/acting-banner.tsx";
import { ConnectionBanner, RiskBanner } from "./banners.tsx";
import { KeySheet } from "./key-sheet.tsx";
import { Navigation } from "./navigation.tsx";
import { Switcher } from "./switcher.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

type Sheet = "switcher" | "keys" | null;

/** The rooms come first in the page and are skipped by one key; on a narrow screen they stand at its foot. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const [sheet, setSheet] = useState<Sheet>(null);
  const [inChat, chat] = useRoute("/chats/:who/:at?");
  const [inRequest] = useRoute("/requests/:npub");
  const [inChannel] = useRoute("/channels/:id");
  const { data: conversations = [] } = useConversations();
  const [, navigate] = useLocation();
  const acting = useStore(actingStore); // what the banner asks for is the root's to do
  const close = (): void => setSheet(null);
  const aside = inChat || inRequest || inChannel;
  useUnreadTitle();
  useShortcuts({
    onSwitcher: () => setSheet("switcher"),
    onHelp: () => setSheet("keys"),
    onNeighbour: (step) => {
      const next = neighbour(conversations, chat?.who ?? null, step);
      if (next) navigate(`/chats/${next}`);
    },
    onEscape: () => aside && navigate(inChat ? "/chats" : inChannel ? "/channels" : "/requests"),
  });
  return (
    <div className="flex h-full flex-col-reverse rail:flex-row">
      <a
        href="#content"
        onClick={skipToContent}
        className="sr-only focus:not-sr-only focus:fixed focus:start-4 focus:top-4 focus:z-30 focus:rounded-lg focus:bg-page focus:px-4 focus:py-3"
      >
        Skip to content
      </a>
      <Navigation aside={aside} onHelp={() => setSheet("keys")} />
      <div className="flex min-h-0 min-w-0 grow flex-col">
        <ActingBanner />
        {!acting && <UnlinkedBanner />}
        {!acting && <RiskBanner aside={aside} />}
        <main id="content" tabIndex={-1} className="min-h-0 grow outline-none">
          {children}
        </main>
      </div>
      <ConnectionBanner />
      <Switcher open={sheet === "switcher"} onClose={close} />
      <KeySheet open={sheet === "keys"} onClose={close} />
    </div>
  );
}

/** The fragment belongs to the scenes' addresses, so the jump is made by hand. */
function skipToContent(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function useUnreadTitle(): void {
  const { data: conversations } = useConversations();
  const unread = conversations ? unreadCount(conversations) : 0;
  useEffect(() => {
    setUnreadCount(unread);
    return () => setUnreadCount(0);
  }, [unread]);
}
