/** What an observer sees now, the picture of it, and the choice of the usual way. */
import { Eye } from "lucide-react";
import type { ReactNode } from "react";
import type { NetworkView } from "../../../src/api/contract.ts";
import { changeNetwork } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { exceptionsOf, WAY_TITLES } from "../../lib/network-words.ts";
import { Choice } from "../choice.tsx";
import { Section } from "../scene.tsx";
import { WayPicture } from "./way-picture.tsx";

interface Props {
  readonly network: NetworkView;
}

export function Observed({ network }: Props): ReactNode {
  const { usual, choices } = network;
  const sees = choices.find(({ way }) => way === usual)?.sees ?? "";
  return (
    <section aria-labelledby="observed-heading" className="flex flex-col gap-8 pb-8">
      <div className="flex flex-col gap-2">
        <h2 id="observed-heading" className="flex items-center gap-2 text-sm font-medium text-muted">
          <Eye aria-hidden className="size-4" />
          What others see of you now
        </h2>
        <p className="max-w-3xl text-xl font-semibold tracking-tight">{sees}</p>
        {exceptionsOf(network).map((words) => (
          <p key={words} className="max-w-3xl">
            {words}
          </p>
        ))}
      </div>
      <WayPicture network={network} />
    </section>
  );
}

export function UsualWay({ network }: Props): ReactNode {
  const { usual, choices, changeable } = network;
  const change = useAction(changeNetwork);
  return (
    <Section title="Usual way" id="usual">
      {changeable ? (
        <Choice
          legend="How everything leaves, unless you choose otherwise for a relay or a conversation"
          name="usual"
          value={usual}
          options={choices.map(({ way, sees }) => ({ value: way, title: WAY_TITLES[way], note: sees }))}
          onChange={(way) => void change.run({ usual: way })}
        />
      ) : (
        <p>
          {WAY_TITLES[usual]}. Chosen when Nocturne was started, with <code>--route</code>; without that you choose
          here.
        </p>
      )}
      <p className="text-sm text-muted">
        If the chosen way does not work, what goes by it waits. Nothing ever goes another way instead.
      </p>
    </Section>
  );
}
