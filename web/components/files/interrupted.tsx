/** Uploads that outlived their tab, or came from elsewhere: the same file, chosen again, continues them. */
import { RotateCw, X } from "lucide-react";
import { type ChangeEvent, type ReactNode, useRef } from "react";
import type { UploadView } from "../../../src/api/contract.ts";
import { useUploads } from "../../api/queries.ts";
import { fingerprintOf, isFromBrowser } from "../../lib/fingerprint.ts";
import { formatBytes } from "../../lib/format.ts";
import { useStore } from "../../stores/store.ts";
import { notify } from "../../stores/toasts.ts";
import { giveUp, uploadFile, uploadsStore } from "../../stores/uploads.ts";
import { Button, IconButton } from "../button.tsx";
import { ProgressBar } from "./progress-bar.tsx";

/** Those that this tab is not sending by itself. */
export function useInterrupted(): readonly UploadView[] {
  const { data = [] } = useUploads();
  const mine = new Set(useStore(uploadsStore).map(({ upload }) => upload));
  return data.filter(({ id }) => !mine.has(id));
}

/** A page cannot open a file by itself: the browser hands one over only when a person chooses it. */
export function Interrupted({ upload }: { readonly upload: UploadView }): ReactNode {
  const { id, name, bytes, offset, fingerprint } = upload;
  const input = useRef<HTMLInputElement>(null);
  const percent = bytes === 0 ? 0 : Math.floor((100 * offset) / bytes);
  const fromHere = isFromBrowser(fingerprint);
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const file = event.target.files?.[0];
    if (file) goOn(file, upload);
    event.target.value = "";
  };
  return (
    <li className="flex flex-wrap items-center gap-3 border-t border-divider py-2">
      <div className="min-w-0 grow basis-48">
        <p className="truncate">
          <bdi>{name}</bdi>
        </p>
        <p className="text-sm text-muted tabular-nums">
          Interrupted at {percent} % · {formatBytes(bytes)}
          {!fromHere && " · continue it where it was begun: nocturne files put"}
        </p>
        <ProgressBar percent={percent} label={name} />
      </div>
      {fromHere && (
        <>
          <input ref={input} type="file" hidden aria-label={`File to continue ${name}`} onChange={take} />
          <Button icon={RotateCw} onClick={() => input.current?.click()}>
            Choose the file again
          </Button>
        </>
      )}
      <IconButton icon={X} label={`Give up ${name}`} onClick={() => void giveUp(id)} />
    </li>
  );
}

/** What place, cipher and password it has was settled when it began. */
function goOn(file: File, { id, cipher, folder, fingerprint, name }: UploadView): void {
  if (fingerprintOf(file) !== fingerprint) {
    notify(
      "This is another file.",
      `To continue, choose ${name} as it was: same name, size and time. Or add this one anew.`,
    );
    return;
  }
  void uploadFile(file, { cipher, password: "", folder: folder ?? "", taken: "version", storage: "local" }, id);
}
