/** What a preview shows: first the question for a password where there is one, then the file by its kind. */
import { EyeOff } from "lucide-react";
import { type ReactNode, type SubmitEvent, useEffect, useState } from "react";
import type { FileVersion, FileView, PreviewKind } from "../../../src/api/contract.ts";
import { ApiFailure } from "../../api/client.ts";
import { type ShownFile, showFile } from "../../api/shown-file.ts";
import { Button } from "../button.tsx";
import { Empty, Skeleton } from "../feedback.tsx";
import { PasswordField } from "../field.tsx";

export interface PreviewContentProps {
  readonly file: FileView;
  readonly version: FileVersion | undefined;
  /** Told once the password has opened the file. */
  readonly onPassword: (password: string) => void;
}

const PLACE = "flex min-h-0 grow flex-col items-center justify-center";

export function PreviewContent({ file, version, onPassword }: PreviewContentProps): ReactNode {
  const { hasPassword, bytes } = version ?? file;
  const [kind, setKind] = useState<PreviewKind | null>(file.preview);
  const [password, setPassword] = useState<string>();
  const [shown, setShown] = useState<ShownFile>();
  const [failure, setFailure] = useState<string>();
  const isReady = kind !== null && (!hasPassword || password !== undefined);
  useEffect(() => {
    if (!isReady) return undefined;
    let isOver = false;
    let opened: ShownFile | undefined;
    const close = (): void => {
      if (opened && opened.kind !== "text") opened.close();
    };
    const load = async (): Promise<void> => {
      try {
        opened = await showFile(file, kind, bytes, { password, version: version?.id });
        if (isOver) return close();
        if (password !== undefined) onPassword(password);
        setFailure(undefined);
        setShown(opened);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        if (isOver) return undefined;
        setPassword(undefined);
        setFailure(error.words);
      }
      return undefined;
    };
    void load();
    return () => {
      isOver = true;
      close();
    };
    // By the ids: a list that was fetched anew must not open a film from its beginning.
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- see above; `onPassword` is a setter
  }, [file.id, version?.id, kind, password, isReady, bytes]);

  if (kind === null) return <NotShown onText={() => setKind("text")} />;
  if (shown) return <Shown shown={shown} name={file.name} onText={() => setKind("text")} />;
  if (hasPassword && password === undefined) return <Question problem={failure} onPassword={setPassword} />;
  if (failure) return <p className={`${PLACE} p-6`}>{failure}</p>;
  return (
    <div className={PLACE}>
      <Skeleton label="Opening the file" />
    </div>
  );
}

interface QuestionProps {
  readonly problem: string | undefined;
  readonly onPassword: (password: string) => void;
}

function Question({ problem, onPassword }: QuestionProps): ReactNode {
  const [words, setWords] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onPassword(words);
  };
  return (
    <form onSubmit={submit} className={`${PLACE} p-6`}>
      <div className="flex w-full max-w-sm flex-col gap-5">
        <PasswordField
          label="Password of this file"
          autoComplete="current-password"
          required
          value={words}
          onChange={(event) => setWords(event.target.value)}
          error={problem}
        />
        <Button type="submit" kind="primary">
          Show
        </Button>
      </div>
    </form>
  );
}

function NotShown({ onText, broken = false }: { readonly onText: () => void; readonly broken?: boolean }): ReactNode {
  return (
    <div className={PLACE}>
      <Empty
        icon={EyeOff}
        title={broken ? "This browser cannot show it" : "There is no preview of this kind of file"}
        action={<Button onClick={onText}>Show as text</Button>}
      >
        Download it to open it with another program.
      </Empty>
    </div>
  );
}

interface ShownProps {
  readonly shown: ShownFile;
  readonly name: string;
  readonly onText: () => void;
}

function Shown({ shown, name, onText }: ShownProps): ReactNode {
  const [isBroken, setBroken] = useState(false);
  const broken = (): void => setBroken(true);
  if (shown.kind === "text") return <Text {...shown} name={name} />;
  const { kind, url } = shown;
  if (isBroken || (kind === "pdf" && !navigator.pdfViewerEnabled)) return <NotShown onText={onText} broken />;
  if (kind === "pdf")
    // oxlint-disable-next-line react/iframe-missing-sandbox -- Chromium shows no PDF under one; the answer's own policy sandboxes it
    return <iframe src={url} title={name} className="min-h-0 w-full grow border-0" />;
  return (
    <div className={`${PLACE} p-2`}>
      {kind === "image" && <img src={url} alt={name} onError={broken} className="size-full min-h-0 object-contain" />}
      {kind === "video" && (
        // oxlint-disable-next-line jsx-a11y/media-has-caption -- a person's own file: there are none to give
        <video src={url} aria-label={name} controls onError={broken} className="max-h-full max-w-full" />
      )}
      {kind === "audio" && (
        // oxlint-disable-next-line jsx-a11y/media-has-caption -- as above
        <audio src={url} aria-label={name} controls onError={broken} className="w-full max-w-xl" />
      )}
    </div>
  );
}

interface TextProps {
  readonly text: string;
  readonly isWhole: boolean;
  readonly name: string;
}

/** It scrolls by itself, so the keyboard must reach it. */
function Text({ text, isWhole, name }: TextProps): ReactNode {
  if (text.includes("\0")) return <p className={`${PLACE} p-6`}>This is no text.</p>;
  return (
    <section
      aria-label={name}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- see above
      tabIndex={0}
      className="ring-inside min-h-0 grow overflow-y-auto p-4 rail:px-8"
    >
      <pre dir="auto" className="mx-auto max-w-5xl font-mono text-sm whitespace-pre-wrap wrap-anywhere">
        {text}
      </pre>
      {!isWhole && (
        <p className="mx-auto mt-4 max-w-5xl text-muted">This is the beginning. Download the file for the rest.</p>
      )}
    </section>
  );
}
