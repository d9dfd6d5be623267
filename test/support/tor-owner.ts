/** A process that starts tor as a node does, says its pid, and waits for its end: `node tor-owner.ts FOLDER TORRC PATH`. */
import process from "node:process";
import { systemClock } from "../../src/core/clock.ts";
import { createLogger } from "../../src/core/log.ts";
import { Tor } from "../../src/route/tor/tor.ts";

const [folder = "", extraTorrc = "", searchPath = ""] = process.argv.slice(2);
const tor = new Tor({
  folder,
  extraTorrc,
  searchPath,
  bridges: () => ({ lines: [], plugins: [] }),
  log: createLogger("silent"),
  clock: systemClock,
});
tor.onReady(async (control) => {
  const pid = (await control.getInfo("process/pid")).get("process/pid");
  process.stdout.write(`${pid}\n`);
});
tor.start();
