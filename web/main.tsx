/** Starts the web app: theme, session, push socket, and what must happen when the page goes away. */
import "./styles.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { navigate, useHashLocation } from "wouter/use-hash-location";
import { onLocked } from "./api/client.ts";
import { keys } from "./api/keys.ts";
import { refetchSoon, startPush } from "./api/push.ts";
import { queryClient } from "./api/queries.ts";
import { App } from "./app.tsx";
import { Toaster } from "./components/toaster.tsx";
import { guardLeaving } from "./lib/leave-guard.ts";
import { startNotifications } from "./lib/notifications.ts";
import { hasDrafts, saveDrafts } from "./stores/drafts.ts";
import { hasPostDrafts } from "./stores/post-drafts.ts";
import { startPreferences } from "./stores/preferences.ts";
import { carryOutAll } from "./stores/removals.ts";
import { startSession } from "./stores/session.ts";
import { hasOpenUploads } from "./stores/uploads.ts";

startPreferences();
void startSession();
startPush();
startNotifications((npub) => navigate(`/chats/${npub}`));
onLocked(() => refetchSoon(keys.status));
addEventListener("pagehide", carryOutAll);
addEventListener("pagehide", saveDrafts);
guardLeaving(() => hasOpenUploads() || hasDrafts() || hasPostDrafts());

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={queryClient}>
          <Router hook={useHashLocation}>
            <App />
            <Toaster />
          </Router>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
