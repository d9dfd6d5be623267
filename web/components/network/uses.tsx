/** What connects where by which route, what an observer sees of it, and the choice for one relay. */
import type { ReactNode } from "react";
import type { NetworkView, RouteUse, Way } from "../../../src/api/contract.ts";
import { chooseRoute } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { namesTogether, useWords, WAY_TITLES } from "../../lib/network-words.ts";
import { ButtonLink } from "../button.tsx";
import { Section } from "../scene.tsx";

const USUAL = "usual";

export function UsesSection({ network }: { readonly network: NetworkView }): ReactNode {
  const { uses, usual } = network;
  return (
    <Section title="Connections" id="connections">
      {uses.length === 0 && <p>Nothing connects anywhere now.</p>}
      <ul className="flex flex-col gap-5">
        {uses.map((use) => (
          <UseItem key={use.what} use={use} usual={usual} />
        ))}
      </ul>
      <ButtonLink href="/settings/relays" className="self-start">
        Choose relays
      </ButtonLink>
    </Section>
  );
}

interface UseProps {
  readonly use: RouteUse;
  readonly usual: Way;
}

function UseItem({ use, usual }: UseProps): ReactNode {
  const { what, sees, demandedBy, changeable } = use;
  const isAddress = /^wss?:\/\//.test(what);
  return (
    <li className="grid gap-x-6 gap-y-2 border-b border-divider pb-5 last:border-0 last:pb-0 sm:grid-cols-[minmax(0,1fr)_13rem]">
      <div className="min-w-0">
        <p
          dir={isAddress ? "ltr" : undefined}
          className={isAddress ? "font-mono break-all rtl:text-end" : "font-medium"}
        >
          {what}
        </p>
        <p className="text-sm">{useWords(use)}</p>
        {sees !== "" && <p className="text-sm text-muted">{sees}</p>}
        {demandedBy.length > 0 && (
          <p className="text-sm">
            <bdi>{namesTogether(demandedBy)}</bdi>: always by Tor. That counts before any other choice.
          </p>
        )}
      </div>
      {changeable && <WayOf use={use} usual={usual} />}
    </li>
  );
}

function WayOf({ use: { what, choice }, usual }: UseProps): ReactNode {
  const choose = useAction((value: string) => chooseRoute({ url: what, way: value === USUAL ? null : (value as Way) }));
  return (
    <select
      aria-label={`Way of ${what}`}
      value={choice ?? USUAL}
      onChange={(event) => void choose.run(event.target.value)}
      className="field self-start"
    >
      <option value={USUAL}>As usual ({WAY_TITLES[usual]})</option>
      <option value="direct">Always direct</option>
      <option value="tor">Always by Tor</option>
    </select>
  );
}
