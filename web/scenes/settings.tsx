/** Settings: one page, its parts reachable by their own addresses (for example /settings/relays). */
import { type ReactNode, useEffect } from "react";
import { useSettings, useStatus } from "../api/queries.ts";
import { LoadFailure, Skeleton } from "../components/feedback.tsx";
import { Scene } from "../components/scene.tsx";
import { AgentsSection } from "../components/settings/agents.tsx";
import { DevicesSection } from "../components/settings/devices.tsx";
import { MeshSection } from "../components/settings/mesh.tsx";
import { MountSection } from "../components/settings/mount.tsx";
import { NetworkSection } from "../components/settings/network.tsx";
import { PersonasSection } from "../components/settings/personas.tsx";
import { PrivacySection, ProfileSection } from "../components/settings/profile.tsx";
import { RelaysSection } from "../components/settings/relays.tsx";
import { CoverSection } from "../components/settings/cover.tsx";
import { ReadingSection } from "../components/settings/reading.tsx";
import { RecoverySection, SecuritySection } from "../components/settings/security.tsx";
import { ThisBrowserSection } from "../components/settings/this-browser.tsx";
import { WipeSection } from "../components/settings/wipe.tsx";

export function SettingsScene({ part }: { readonly part: string | null }): ReactNode {
  const { data: settings, error, refetch } = useSettings();
  const { data: status } = useStatus();
  const ready = settings !== undefined && status !== undefined;
  useEffect(() => {
    if (ready && part) document.getElementById(part)?.scrollIntoView();
  }, [ready, part]);
  return (
    <Scene title="Settings">
      {error && !settings && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!ready && !error && <Skeleton label="Loading your settings" />}
      {ready && (
        <>
          <ProfileSection settings={settings} />
          <PrivacySection settings={settings} />
          <PersonasSection />
          <NetworkSection />
          <RelaysSection settings={settings} status={status} />
          <CoverSection cover={status.cover} />
          <ReadingSection reading={status.reading} />
          <DevicesSection />
          <MountSection />
          <MeshSection />
          <AgentsSection />
          <SecuritySection status={status} />
          <RecoverySection settings={settings} />
          <ThisBrowserSection />
          <WipeSection />
          <p className="border-t border-divider py-8 text-sm text-muted">Nocturne {status.version}</p>
        </>
      )}
    </Scene>
  );
}
