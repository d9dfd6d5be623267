/** How Tor is: on its way, up, or what is missing; and new circuits. */
import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import type { RouteView } from "../../../src/api/contract.ts";
import { renewCircuits } from "../../api/network.ts";
import { useAction } from "../../api/use-action.ts";
import { measuredWords, stateWords } from "../../lib/network-words.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";
import { ProgressBar } from "../files/progress-bar.tsx";
import { Section } from "../scene.tsx";
import { Problem } from "./problem.tsx";

export function TorSection({ route }: { readonly route: RouteView }): ReactNode {
  const { state, sees } = route;
  const used = state !== "off" && state !== "missing";
  const renew = useAction(async () => {
    await renewCircuits();
    notify("New circuits for everything");
  });
  return (
    <Section title="Tor" id="tor">
      <RouteHealth route={route} />
      {used && sees !== "" && <p>{sees}</p>}
      {(state === "up" || state === "down") && (
        <div className="flex flex-col items-start gap-2">
          <Button icon={RefreshCw} busy={renew.busy} onClick={() => void renew.run()}>
            New circuits for everything
          </Button>
          <p className="text-sm text-muted">
            What is connected by Tor is cut, and connected again on other paths. That takes a few seconds.
          </p>
        </div>
      )}
    </Section>
  );
}

/** The state in words, how far it is while it starts, and what is wrong. */
export function RouteHealth({ route }: { readonly route: RouteView }): ReactNode {
  const { name, state, progress, doing, problem } = route;
  const starting = state === "starting";
  return (
    <>
      <div>
        <output className="font-medium">{stateWords({ name, state })}</output>
        {starting && <ProgressBar percent={progress ?? 0} label={stateWords({ name, state })} />}
        <p className="facts pt-1 text-sm text-muted">
          {starting && progress !== null && <span>{progress} %</span>}
          {starting && doing && <span>{doing}</span>}
          {measuredWords(route).map((words) => (
            <span key={words}>{words}</span>
          ))}
        </p>
      </div>
      {problem && <Problem message={problem.message} hint={problem.hint} />}
    </>
  );
}
