/** A QR code as one SVG path, dark on white in every theme: many readers fail on inverted codes. */
import { type ReactNode, useMemo } from "react";
import { encode } from "uqr";

/** Modules of white around the code that readers need (ISO/IEC 18004). */
const QUIET_MODULES = 4;

export interface QrCodeProps {
  readonly text: string;
  /** What the code holds, for example "Your invite link". */
  readonly label: string;
}

/** The lowest error correction: a screen has no dirt, and fewer modules are read from farther away. */
export function QrCode({ text, label }: QrCodeProps): ReactNode {
  const code = useMemo(() => pathOf(text), [text]);
  if (!code) return <p className="text-muted">This is too long for a QR code; copy it instead.</p>;
  return (
    <svg
      role="img"
      aria-label={`QR code: ${label}`}
      viewBox={`0 0 ${code.size} ${code.size}`}
      shapeRendering="crispEdges"
      className="block w-full max-w-72 rounded-lg"
    >
      <rect width={code.size} height={code.size} fill="#ffffff" />
      <path d={code.path} fill="#000000" />
    </svg>
  );
}

/** One horizontal stroke a run of dark modules; null if the text exceeds the largest code. */
function pathOf(text: string): { path: string; size: number } | null {
  try {
    const { data, size } = encode(text, { ecc: "L", border: QUIET_MODULES });
    const path = data.map((row, y) => rowPath(row, y)).join("");
    return { path, size };
  } catch {
    return null;
  }
}

function rowPath(row: readonly boolean[], y: number): string {
  return row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join("");
}
