/** What the library takes of what it could take, as a bar, and what the disk has left; a table tells the parts. */
import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import type { FileSpace } from "../../../src/api/contract.ts";
import { useSpace } from "../../api/queries.ts";
import { formatBytes } from "../../lib/format.ts";

interface Part {
  readonly what: string;
  readonly bytes: number;
  readonly look: string;
}

/** Parts differ by brightness and by their place; the table under it says the same in words. */
export function SpaceLine(): ReactNode {
  const { data } = useSpace();
  if (!data) return null;
  const parts = partsOf(data);
  const kept = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const taken = data.diskBytes + data.bucketBytes;
  const alike = kept + data.uploadBytes - taken;
  return (
    <details className="group border-b border-divider">
      <summary className="ring-inside flex min-h-11 items-center gap-3 rounded text-sm text-muted">
        <Bar parts={parts} whole={kept + data.uploadBytes + data.freeBytes} />
        <span className="tabular-nums">
          {formatBytes(taken)} taken, {formatBytes(data.freeBytes)} free
        </span>
        <ChevronDown aria-hidden className="ms-auto me-3 size-5 group-open:rotate-180" />
      </summary>
      <table className="mb-4 w-full max-w-md text-sm">
        <caption className="sr-only">Space</caption>
        <tbody>
          {parts.map(({ what, bytes, look }) => (
            <Row key={what} what={what} bytes={bytes} look={look} />
          ))}
          {alike > 0 && <Row what="Saved, because alike" bytes={-alike} />}
          <Row what="On the disk" bytes={data.diskBytes} />
          {data.bucketBytes > 0 && <Row what="In the bucket" bytes={data.bucketBytes} />}
          {data.meshBytes > 0 && <Row what="In the mesh only" bytes={data.meshBytes} />}
          {data.uploadBytes > 0 && <Row what="Uploads that have not ended" bytes={data.uploadBytes} />}
          <Row what="Free" bytes={data.freeBytes} />
        </tbody>
      </table>
    </details>
  );
}

function partsOf({ bytes, versionBytes, trashBytes }: FileSpace): Part[] {
  return [
    { what: "Files", bytes, look: "bg-ink" },
    { what: "Earlier versions", bytes: versionBytes, look: "bg-muted" },
    { what: "Trash", bytes: trashBytes, look: "bg-control" },
  ];
}

function Bar({ parts, whole }: { readonly parts: readonly Part[]; readonly whole: number }): ReactNode {
  return (
    <span aria-hidden className="flex h-1.5 w-12 shrink-0 gap-px overflow-hidden rounded-full bg-divider rail:w-40">
      {parts.map(
        ({ what, bytes, look }) =>
          bytes > 0 && <span key={what} className={look} style={{ width: `max(2px, ${(100 * bytes) / whole}%)` }} />,
      )}
    </span>
  );
}

interface RowProps {
  readonly what: string;
  readonly bytes: number;
  readonly look?: string;
}

function Row({ what, bytes, look = "" }: RowProps): ReactNode {
  return (
    <tr className="border-t border-divider">
      <th scope="row" className="py-1.5 text-start font-normal">
        <span aria-hidden className={`me-2 inline-block size-2.5 rounded-full ${look}`} />
        {what}
      </th>
      <td className="py-1.5 text-end tabular-nums">
        {bytes < 0 ? "−" : ""}
        {formatBytes(Math.abs(bytes))}
      </td>
    </tr>
  );
}
