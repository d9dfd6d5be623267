/**
 * A small constellation drawn from a public key: it tells two people of the same name apart at a glance.
 * It is no proof of anything; the safety number is.
 */
import { type ReactNode, useMemo } from "react";

const STARS = 5;
const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

interface Star {
  readonly x: number;
  readonly y: number;
  readonly r: number;
}

export interface StarSignProps {
  readonly npub: string;
  readonly className?: string;
}

/** Drawn in the colour of the text, so that both themes and high contrast work. */
export function StarSign({ npub, className = "size-11" }: StarSignProps): ReactNode {
  const stars = useMemo(() => starsOf(npub), [npub]);
  const path = stars.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${x} ${y}`).join("");
  return (
    <svg aria-hidden viewBox="0 0 44 44" className={`shrink-0 rounded-full bg-divider text-ink ${className}`}>
      <path d={path} fill="none" stroke="currentColor" strokeOpacity="0.4" strokeWidth="1" />
      {stars.map(({ x, y, r }) => (
        <circle key={`${x} ${y}`} cx={x} cy={y} r={r} fill="currentColor" />
      ))}
    </svg>
  );
}

/** Stars on a ring, each turned, pulled in and sized by three characters of the key. */
function starsOf(npub: string): Star[] {
  const values = Array.from(npub.slice(5), (character) => Math.max(0, BECH32.indexOf(character)));
  return Array.from({ length: STARS }, (_, i) => {
    const [turn = 0, pull = 0, size = 0] = values.slice(i * 3, i * 3 + 3);
    const angle = ((i + turn / 40) / STARS) * 2 * Math.PI;
    const distance = 5 + pull / 3.1;
    return {
      x: round(22 + distance * Math.cos(angle)),
      y: round(22 + distance * Math.sin(angle)),
      r: round(1.1 + size / 22),
    };
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
