/** Settings of this browser: dark or light, and notifications, which are asked for on a click only. */
import { Bell } from "lucide-react";
import { type ReactNode, useState } from "react";
import { askForNotifications, notificationPermission } from "../../lib/notifications.ts";
import { type Theme, preferencesStore, setPreferences } from "../../stores/preferences.ts";
import { useStore } from "../../stores/store.ts";
import { Button } from "../button.tsx";
import { Choice, type Option } from "../choice.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";

const THEMES: readonly Option<Theme>[] = [
  { value: "dark", title: "Dark" },
  { value: "light", title: "Light" },
  { value: "system", title: "As the system" },
];

export function ThisBrowserSection(): ReactNode {
  const { theme } = useStore(preferencesStore);
  return (
    <Section title="Appearance" id="appearance">
      <Choice
        legend="Theme"
        name="theme"
        value={theme}
        options={THEMES}
        onChange={(next) => setPreferences({ theme: next })}
      />
      <Notifications />
    </Section>
  );
}

const NOTE = "Names the sender, never the text. Shown only while Nocturne is out of sight.";

/** A browser that once said no can only be changed in its own settings; then no button pretends otherwise. */
function Notifications(): ReactNode {
  const { notifications } = useStore(preferencesStore);
  const [permission, setPermission] = useState(notificationPermission);
  if (permission === "unsupported") return null;
  if (permission === "granted") {
    return (
      <Toggle
        label="Notifications"
        note={NOTE}
        checked={notifications}
        onChange={(on) => setPreferences({ notifications: on })}
      />
    );
  }
  return (
    <div className="flex flex-col items-start gap-3">
      <div>
        <p className="font-medium">Notifications</p>
        <p className="text-sm text-muted">
          {permission === "denied"
            ? "The browser refuses them for this address. Allow them in its settings for this site."
            : NOTE}
        </p>
      </div>
      {permission === "default" && (
        <Button icon={Bell} onClick={() => void askForNotifications().then(setPermission)}>
          Allow notifications
        </Button>
      )}
    </div>
  );
}
