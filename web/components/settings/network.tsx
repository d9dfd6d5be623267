/** Settings: the usual way in a few words, and where the network page is. */
import { Waypoints } from "lucide-react";
import type { ReactNode } from "react";
import { useNetwork } from "../../api/network.ts";
import { stateWords, WAY_TITLES } from "../../lib/network-words.ts";
import { ButtonLink } from "../button.tsx";
import { Section } from "../scene.tsx";

export function NetworkSection(): ReactNode {
  const { data: network } = useNetwork();
  const tor = network?.routes.find(({ name }) => name === "tor");
  return (
    <Section title="Network" id="network">
      <p>Which way everything leaves this machine, and what an observer sees of it.</p>
      {network && (
        <p>
          Usual way: {WAY_TITLES[network.usual]}.{network.usual === "tor" && tor && ` ${stateWords(tor)}.`}
        </p>
      )}
      <ButtonLink href="/network" icon={Waypoints} className="self-start">
        Network and Tor
      </ButtonLink>
    </Section>
  );
}
