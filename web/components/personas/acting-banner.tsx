/** Says in every view whose words are written here, and leads back by one press. */
import { VenetianMask } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { useLocation } from "wouter";
import { usePersonas } from "../../api/personas.ts";
import { actAs } from "../../stores/act-as.ts";
import { actingStore } from "../../stores/acting.ts";
import { useStore } from "../../stores/store.ts";
import { notify } from "../../stores/toasts.ts";
import { Button } from "../button.tsx";

export function ActingBanner(): ReactNode {
  const acting = useStore(actingStore);
  const [, navigate] = useLocation();
  useReturnAtItsEnd();
  if (!acting) return null;
  const back = (): void => {
    actAs(null);
    navigate("/personas");
  };
  return (
    <aside
      aria-label="Acting as a persona"
      className="flex shrink-0 items-center gap-3 border-b-2 border-ink bg-surface py-1 ps-4 pe-2"
    >
      <VenetianMask aria-hidden className="size-5 shrink-0" />
      <p className="min-w-0 grow py-1 text-sm wrap-anywhere">
        You are writing as <strong dir="auto">‹{acting.label}›</strong>
      </p>
      <Button kind="quiet" onClick={back}>
        Back to yourself
      </Button>
    </aside>
  );
}

/** A persona may expire, or be removed elsewhere, while this tab acts as it. */
function useReturnAtItsEnd(): void {
  const acting = useStore(actingStore);
  const { data } = usePersonas();
  const ended = acting !== null && data !== undefined && !data.some(({ id }) => id === acting.id);
  const [, navigate] = useLocation();
  useEffect(() => {
    if (!ended) return;
    notify(`‹${acting?.label ?? ""}› has ended`, "Everything of it is destroyed. You act as yourself again.");
    actAs(null);
    navigate("/personas");
  }, [ended, acting, navigate]);
}
