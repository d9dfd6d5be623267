/** Settings: the summary of the account that lies at relays, for a new machine that has nothing but the recovery key. */
import { CloudUpload } from "lucide-react";
import type { ReactNode } from "react";
import type { SummaryView } from "../../../src/api/contract.ts";
import { call } from "../../api/client.ts";
import { keys } from "../../api/keys.ts";
import { queryClient, useSummary } from "../../api/queries.ts";
import { useAction } from "../../api/use-action.ts";
import { summaryWords } from "../../lib/recovery-words.ts";
import { notify } from "../../stores/toasts.ts";
import { Button, ButtonLink } from "../button.tsx";

/** It follows changes by itself; the button is for who is about to lose the machine. */
export function Summary(): ReactNode {
  const { data: summary } = useSummary();
  const update = useAction(async () => {
    queryClient.setQueryData(keys.summary, await call<SummaryView>("POST", "/recovery/summary"));
    notify("Your relays have a new summary");
  });
  if (!summary) return null;
  return (
    <div className="flex flex-col items-start gap-3 border-t border-divider pt-6">
      <p className="text-muted">{summaryWords(summary)}</p>
      {summary.possible ? (
        <Button icon={CloudUpload} busy={update.busy} onClick={() => void update.run()}>
          Update it now
        </Button>
      ) : (
        <ButtonLink href="/settings/relays">Choose a relay</ButtonLink>
      )}
    </div>
  );
}
