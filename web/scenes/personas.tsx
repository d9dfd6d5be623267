/** Personas: disposable identities, each with its own contacts and chats, and the way into them. */
import { MessagesSquare, Plus, Trash2, TriangleAlert, VenetianMask } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Persona } from "../../src/api/contract.ts";
import { removePersona, usePersonas } from "../api/personas.ts";
import { useAction } from "../api/use-action.ts";
import { Button, IconButton } from "../components/button.tsx";
import { Badge } from "../components/choice.tsx";
import { CopyLine } from "../components/copy-line.tsx";
import { Empty, LoadFailure, Skeleton } from "../components/feedback.tsx";
import { KeyGroups } from "../components/key-groups.tsx";
import { ModalForm } from "../components/modal.tsx";
import { CreatePersona } from "../components/personas/create-persona.tsx";
import { Scene } from "../components/scene.tsx";
import { formatMoment } from "../lib/format.ts";
import { ADDRESS_WORDS, endWords, waitingFor } from "../lib/persona-words.ts";
import { actAs } from "../stores/act-as.ts";
import { actingStore } from "../stores/acting.ts";
import { useStore } from "../stores/store.ts";
import { notify } from "../stores/toasts.ts";

export function PersonasScene(): ReactNode {
  const { data, error, refetch } = usePersonas();
  const acting = useStore(actingStore);
  const [making, setMaking] = useState(false);
  const make = (
    <Button kind="primary" icon={Plus} onClick={() => setMaking(true)}>
      New persona
    </Button>
  );
  return (
    <Scene title="Personas" {...(acting ? {} : { back: "/settings" })} actions={data && data.length > 0 && make}>
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={2} label="Loading your personas" />}
      {data?.length === 0 && (
        <Empty icon={VenetianMask} title="No personas" action={make}>
          A persona is a disposable identity for one contact or purpose, with contacts and chats of its own.{" "}
          {ADDRESS_WORDS}
        </Empty>
      )}
      {data && data.length > 0 && <PersonaList personas={data} />}
      {making && <CreatePersona onClose={() => setMaking(false)} />}
    </Scene>
  );
}

function PersonaList({ personas }: { readonly personas: readonly Persona[] }): ReactNode {
  return (
    <>
      <ul aria-label="Your personas" className="border-t border-divider">
        {personas.map((persona) => (
          <li key={persona.id} className="border-b border-divider py-5">
            <PersonaItem persona={persona} />
          </li>
        ))}
      </ul>
      <p className="py-5 text-sm text-muted">{ADDRESS_WORDS}</p>
    </>
  );
}

function PersonaItem({ persona }: { readonly persona: Persona }): ReactNode {
  const { id, label, displayName, npub, fingerprint, relays, expiresAt, held } = persona;
  const acting = useStore(actingStore);
  const [asking, setAsking] = useState(false);
  const [, navigate] = useLocation();
  const act = (): void => {
    actAs({ id, label });
    navigate("/chats");
  };
  const waiting = waitingFor([persona]);
  return (
    <article aria-label={label} className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <h2 dir="auto" className="text-lg font-semibold wrap-anywhere">
          {label}
        </h2>
        {waiting > 0 && <Badge>{waiting} waiting</Badge>}
        {acting?.id === id && <Badge>You write as this one</Badge>}
      </div>
      <p className="text-muted">
        {displayName === "" ? "Without a name" : <bdi>Known as {displayName}</bdi>} ·{" "}
        <span title={expiresAt === null ? undefined : formatMoment(expiresAt)}>{endWords(persona)}</span>
      </p>
      {held && (
        <p className="flex gap-2">
          <TriangleAlert aria-hidden className="mt-0.5 size-5 shrink-0" />
          Kept from connecting: another identity of yours uses one of its relays.
        </p>
      )}
      <ul aria-label="Its relays" className="flex flex-col gap-1 text-sm">
        {relays.map(({ url, state }) => (
          <li key={url}>
            <span dir="ltr" className="font-mono break-all">
              {url}
            </span>{" "}
            <span className="text-muted">{state}</span>
          </li>
        ))}
      </ul>
      <KeyGroups value={fingerprint} label="Fingerprint" />
      <CopyLine text={npub} what="Public key (npub)" />
      <div className="flex flex-wrap gap-3">
        <Button icon={MessagesSquare} onClick={act}>
          Write<span className="sr-only"> as {label}</span>
        </Button>
        <IconButton icon={Trash2} label={`Remove ${label}`} onClick={() => setAsking(true)} />
      </div>
      {asking && <RemoveQuestion persona={persona} onClose={() => setAsking(false)} />}
    </article>
  );
}

interface RemoveQuestionProps {
  readonly persona: Persona;
  readonly onClose: () => void;
}

function RemoveQuestion({ persona: { id, label }, onClose }: RemoveQuestionProps): ReactNode {
  const remove = useAction(async () => {
    await removePersona(id);
    notify(`‹${label}› was destroyed`);
    onClose();
  });
  return (
    <ModalForm
      title={`Remove ‹${label}›?`}
      open
      onClose={onClose}
      action="Destroy it"
      busy={remove.busy}
      onSubmit={() => void remove.run()}
    >
      <p>
        Its keys, contacts and messages are destroyed at once and nobody is told. Only a backup that was made before
        still holds it.
      </p>
    </ModalForm>
  );
}
