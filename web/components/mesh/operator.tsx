/** What this machine does for others as a node: its disk, what lies there, what was asked of it, and what to look at. */
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { OperatorStatus } from "../../../src/api/contract.ts";
import { countOf, formatBytes } from "../../lib/format.ts";
import { refusalWords, spanWords } from "../../lib/mesh-words.ts";
import { CopyLine } from "../copy-line.tsx";
import { Notice } from "../feedback.tsx";
import { Section } from "../scene.tsx";

export function OperatorSection({ own }: { readonly own: OperatorStatus }): ReactNode {
  return (
    <Section title="What this machine keeps for others" id="node">
      {own.warnings.map(({ code, text }) => (
        <Notice key={code} icon={TriangleAlert} alert>
          <span className="text-ink">{text}</span>
        </Notice>
      ))}
      {own.leaving && <p>It leaves: others take over what it holds.</p>}
      <Disk own={own} />
      <Facts own={own} />
      {own.addresses.length > 0 && (
        <div className="flex flex-col gap-2">
          <p className="font-medium">
            Others can begin with {own.addresses.length === 1 ? "this address" : "these addresses"}
          </p>
          {own.addresses.map((address) => (
            <CopyLine key={address} text={address} what="Address of this node" whole />
          ))}
        </div>
      )}
    </Section>
  );
}

function Disk({ own: { usedBytes, maxBytes, trashBytes } }: { readonly own: OperatorStatus }): ReactNode {
  const share = (bytes: number): string => `${maxBytes === 0 ? 0 : Math.min(100, (100 * bytes) / maxBytes)}%`;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-xl font-semibold tracking-tight tabular-nums">
        {formatBytes(usedBytes)} <span className="text-base font-normal text-muted">of {formatBytes(maxBytes)}</span>
      </p>
      <div
        // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- a meter shows no parts
        role="meter"
        aria-label="Disk for others"
        aria-valuemin={0}
        aria-valuemax={maxBytes}
        aria-valuenow={Math.min(usedBytes, maxBytes)}
        aria-valuetext={`${formatBytes(usedBytes)} of ${formatBytes(maxBytes)}`}
        className="flex h-2.5 gap-px overflow-hidden rounded-full border border-control"
      >
        <span className="bg-ink" style={{ width: share(usedBytes - trashBytes) }} />
        <span className="bg-control" style={{ width: share(trashBytes) }} />
      </div>
    </div>
  );
}

function Facts({ own }: { readonly own: OperatorStatus }): ReactNode {
  const { audits, traffic, care, refused } = own;
  const refusals = refusalWords(refused);
  return (
    <dl className="text-sm">
      <Fact name="Fragments of others" value={`${own.fragments}`} note={`of ${countOf(own.owners, "owner")}`} />
      <Fact name="Trash, part of the disk used" value={formatBytes(own.trashBytes)} />
      <Fact name="Up for" value={spanWords(own.uptimeS)} />
      <Fact name="Connected nodes" value={`${own.peers}`} note={`of ${own.known} known`} />
      <Fact name="Audits of this machine" value={`${audits.passed} passed`} note={`${audits.failed} failed`} />
      <Fact
        name="Received"
        value={formatBytes(traffic.receivedBytes)}
        note={countOf(traffic.storedFragments, "fragment")}
      />
      <Fact name="Sent" value={formatBytes(traffic.sentBytes)} note={countOf(traffic.sentFragments, "fragment")} />
      <Fact name="Open connections" value={`${traffic.connections}`} />
      {care === null ? (
        <Fact name="Repairs of others’ files" value="Off" />
      ) : (
        <>
          <Fact name="Looked after for others" value={countOf(care.objects, "object")} note={careNote(care)} />
          <Fact
            name="Repaired"
            value={countOf(care.repairedFragments, "fragment")}
            note={formatBytes(care.repairedBytes)}
          />
        </>
      )}
      <Fact
        name="Its ledger"
        value={countOf(own.ledger.entries, "entry", "entries")}
        note={`${countOf(own.ledger.cosignatures, "node")} cosigned`}
      />
      {own.ledger.forksSeen > 0 && <Fact name="Nodes proven to keep two histories" value={`${own.ledger.forksSeen}`} />}
      {refusals.length === 0 && <Fact name="Refused" value="Nothing" />}
      {refusals.map(({ words, count }) => (
        <Fact key={words} name={`Refused: ${lowerFirst(words)}`} value={`${count}`} />
      ))}
    </dl>
  );
}

function careNote({ auditsPassed, auditsFailed, unreadable }: NonNullable<OperatorStatus["care"]>): string {
  const audits = `${auditsPassed} audits passed, ${auditsFailed} failed`;
  return unreadable === 0 ? audits : `${audits}, ${unreadable} cannot be read now`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

interface FactProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}

function Fact({ name, value, note }: FactProps): ReactNode {
  return (
    <div className="flex justify-between gap-4 border-b border-divider py-2">
      <dt className="text-muted">{name}</dt>
      <dd className="text-end tabular-nums">
        {value}
        {note !== undefined && <span className="text-muted"> · {note}</span>}
      </dd>
    </div>
  );
}
