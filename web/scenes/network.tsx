/** The network: by which route everything leaves, what an observer learns, and private browsing. */
import type { ReactNode } from "react";
import type { NetworkView, RouteView } from "../../src/api/contract.ts";
import { useNetwork } from "../api/network.ts";
import { LoadFailure, Skeleton } from "../components/feedback.tsx";
import { BridgesSection } from "../components/network/bridges.tsx";
import { BrowsingSection } from "../components/network/browsing.tsx";
import { EventsSection } from "../components/network/events.tsx";
import { I2pSection } from "../components/network/i2p.tsx";
import { OnionServices } from "../components/network/onion-services.tsx";
import { TorSection } from "../components/network/tor.tsx";
import { UsesSection } from "../components/network/uses.tsx";
import { UsualWay, Observed } from "../components/network/usual-way.tsx";
import { Scene } from "../components/scene.tsx";

export function NetworkScene(): ReactNode {
  const { data, error, refetch } = useNetwork();
  return (
    <Scene title="Network">
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton label="Loading the network" />}
      {data && <Sections network={data} />}
    </Scene>
  );
}

/** What is seen comes first, then what keeps things waiting, what can be chosen, how others get here. */
function Sections({ network }: { readonly network: NetworkView }): ReactNode {
  const { usual, routes, services, bridges, browsing, events } = network;
  const find = (name: RouteView["name"]): RouteView | undefined => routes.find((one) => one.name === name);
  const [tor, i2p] = [find("tor"), find("i2p")];
  const waits = usual === "tor" && tor?.state !== "up";
  return (
    <>
      <Observed network={network} />
      {tor && waits && <TorSection route={tor} />}
      <UsualWay network={network} />
      {tor && !waits && <TorSection route={tor} />}
      <UsesSection network={network} />
      <BrowsingSection browsing={browsing} />
      <OnionServices services={services} />
      <BridgesSection bridges={bridges} />
      {i2p && <I2pSection route={i2p} />}
      <EventsSection events={events} />
    </>
  );
}
