/** I2P beside Tor: another network of this kind, for who runs a router of it. */
import type { ReactNode } from "react";
import type { RouteView } from "../../../src/api/contract.ts";
import { changeNetwork } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";
import { RouteHealth } from "./tor.tsx";

export function I2pSection({ route }: { readonly route: RouteView }): ReactNode {
  const turn = useAction((i2p: boolean) => changeNetwork({ i2p }));
  const on = route.state !== "off";
  return (
    <Section title="I2P" id="i2p">
      <Toggle
        label="Use I2P, too"
        note="For relays at I2P addresses, where a router of I2P runs on this machine. Your onion services get I2P addresses beside."
        checked={on}
        onChange={(next) => void turn.run(next)}
      />
      {on && <RouteHealth route={route} />}
      {on && route.state !== "missing" && route.sees !== "" && <p>{route.sees}</p>}
    </Section>
  );
}
