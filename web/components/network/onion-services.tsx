/** How others reach what this node serves, without an open port: its relay and its links at onion addresses. */
import type { ReactNode } from "react";
import type { ChangeNetwork, OnionServiceView } from "../../../src/api/contract.ts";
import { changeNetwork } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { CopyLine } from "../copy-line.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";

interface Words {
  readonly label: string;
  readonly note: string;
  readonly what: string;
  readonly change: (on: boolean) => ChangeNetwork;
}

const WORDS: Record<OnionServiceView["name"], Words> = {
  relay: {
    label: "My relay at an onion address",
    note: "People who use Tor reach your own relay from anywhere, and no other relay stands between you.",
    what: "Onion address of your relay",
    change: (on) => ({ onionRelay: on }),
  },
  links: {
    label: "My links at an onion address",
    note: "Whoever has a share link of yours opens it in Tor Browser, from anywhere.",
    what: "Onion address of your links",
    change: (on) => ({ onionLinks: on }),
  },
};

const STATES: Record<OnionServiceView["state"], string> = {
  off: "Off",
  missing: "Waits: Tor is not on this machine",
  starting: "Being made known to the Tor network",
  up: "Reached by whoever has the address",
  down: "Cannot be reached now; comes back by itself",
};

export function OnionServices({ services }: { readonly services: readonly OnionServiceView[] }): ReactNode {
  return (
    <Section title="Onion services" id="onion">
      <p>
        An onion address is reached through Tor with no port opened, and does not tell where this machine is. Whoever
        has it can tell when your node is running.
      </p>
      {services.map((service) => (
        <Service key={service.name} service={service} />
      ))}
    </Section>
  );
}

function Service({ service }: { readonly service: OnionServiceView }): ReactNode {
  const { name, on, host, state, i2pHost } = service;
  const { label, note, what, change } = WORDS[name];
  const turn = useAction((next: boolean) => changeNetwork(change(next)));
  return (
    <div className="flex flex-col gap-3">
      <Toggle label={label} note={note} checked={on} onChange={(next) => void turn.run(next)} />
      {on && <output className="text-sm">{STATES[state]}</output>}
      {on && host !== null && <CopyLine text={host} what={what} whole />}
      {on && i2pHost !== null && <CopyLine text={i2pHost} what={what.replace("Onion", "I2P")} whole />}
    </div>
  );
}
