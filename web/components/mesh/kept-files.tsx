/** The files in the mesh: how many losses each survives, and which of them somebody should look at. */
import { CircleAlert, CircleCheck, CircleDashed, CloudUpload, type LucideIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useFiles } from "../../api/queries.ts";
import { formatBytes } from "../../lib/format.ts";
import {
  type FileStanding,
  fileStanding,
  fileWords,
  type MeshFile,
  meshFiles,
  needsAttention,
} from "../../lib/mesh-words.ts";
import { pageOf } from "../../stores/mesh-nodes.ts";
import { ButtonLink } from "../button.tsx";
import { LoadFailure, Skeleton } from "../feedback.tsx";
import { ProgressBar } from "../files/progress-bar.tsx";
import { Section } from "../scene.tsx";
import { Toggle } from "../toggle.tsx";
import { Pager } from "./pager.tsx";

const PAGE = 10;

const SIGNS: Record<FileStanding, LucideIcon> = {
  waiting: CircleDashed,
  sending: CloudUpload,
  kept: CircleCheck,
  weak: CircleAlert,
  unreachable: CircleDashed,
  unreadable: CircleAlert,
};

export function KeptFiles(): ReactNode {
  const { data, error, refetch } = useFiles();
  return (
    <Section title="Your files there" id="kept">
      {error && !data && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={3} label="Loading your files" />}
      {data && <FileList all={meshFiles(data, false)} />}
    </Section>
  );
}

function FileList({ all }: { readonly all: readonly MeshFile[] }): ReactNode {
  const [onlyWorrying, setOnlyWorrying] = useState(false);
  const [at, setAt] = useState(0);
  const worrying = all.filter(({ mesh }) => needsAttention(mesh));
  const page = pageOf(onlyWorrying ? worrying : all, at, PAGE);
  if (all.length === 0) return <None />;
  return (
    <>
      {(worrying.length > 0 || onlyWorrying) && (
        <Toggle
          label="Only what needs attention"
          note={`${worrying.length} of ${all.length}`}
          checked={onlyWorrying}
          onChange={setOnlyWorrying}
        />
      )}
      <ul aria-label="Files in the mesh" className="flex flex-col">
        {page.items.map((file) => (
          <FileItem key={file.id} file={file} />
        ))}
      </ul>
      {page.items.length === 0 && <p className="text-muted">Nothing needs attention.</p>}
      <Pager page={page} what="files" onTurn={setAt} />
    </>
  );
}

function None(): ReactNode {
  return (
    <>
      <p>None yet. In your files, “Keep in the mesh” stands in the menu of each.</p>
      <ButtonLink href="/files" className="self-start">
        Go to your files
      </ButtonLink>
    </>
  );
}

function FileItem({ file }: { readonly file: MeshFile }): ReactNode {
  const { name, path, bytes, folder, mesh } = file;
  const Sign = SIGNS[fileStanding(mesh)];
  return (
    <li className="flex items-start gap-3 border-b border-divider py-2">
      <Sign aria-hidden className={`mt-3 size-5 shrink-0 ${needsAttention(mesh) ? "text-alarm" : "text-muted"}`} />
      <div className="min-w-0 grow">
        <Link
          href={`/files/${folder ?? ""}`}
          title={path}
          className="ring-inside flex min-h-11 items-center rounded font-medium underline-offset-4 hover:underline"
        >
          <bdi className="line-clamp-2 wrap-anywhere">{name}</bdi>
        </Link>
        <p className="text-sm">{fileWords(mesh)}</p>
        {mesh.state === "sending" && <ProgressBar percent={100 * mesh.progress} label={`${name} into the mesh`} />}
        <p className="facts pt-1 text-sm text-muted">
          <span>{formatBytes(bytes)}</span>
          {mesh.needed !== null && (
            <span>
              any {mesh.needed} of {mesh.total} fragments
            </span>
          )}
          {!mesh.here && <span>Not on this disk</span>}
        </p>
      </div>
    </li>
  );
}
