/** A fingerprint or safety number in groups of five, each group of its own so that it is read group by group. */
import type { ReactNode } from "react";
import { inGroups } from "../lib/format.ts";

export interface KeyGroupsProps {
  readonly value: string;
  readonly label: string;
  readonly large?: boolean;
}

/** `large` stands in four columns, the way safety numbers are read to each other. */
export function KeyGroups({ value, label, large = false }: KeyGroupsProps): ReactNode {
  return (
    <p
      dir="ltr"
      className={`gap-x-4 gap-y-1 font-mono tracking-wide ${large ? "grid w-fit grid-cols-4 text-lg rail:text-xl" : "flex flex-wrap text-base"}`}
    >
      <span className="sr-only">{label}: </span>
      {inGroups(value)
        .split(" ")
        .map((group, i) => (
          <span key={`${i}${group}`}>{group} </span>
        ))}
    </p>
  );
}
