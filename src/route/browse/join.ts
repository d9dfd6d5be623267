/** Two open streams become one connection. */
import { type Duplex, pipeline } from "node:stream";

/** Bytes go both ways, no faster than each side takes them; the end of one side ends the other, an error breaks both off. */
export function join(near: Duplex, far: Duplex): void {
  pipeline(near, far, ignore);
  pipeline(far, near, ignore);
}

/** How a connection of a page ends is told by its two sides to each other. */
function ignore(): void {}
