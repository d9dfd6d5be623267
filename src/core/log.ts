/**
 * The logger of a component. It gets ids and counts, never contents, keys or addresses of people,
 * and it writes to stderr, because stdout belongs to data.
 */
import { pino } from "pino";

export interface Logger {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
  /** The same logger, every line marked with the component's name. */
  child(fields: { component: string }): Logger;
}

export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

/** JSON lines on stderr, without host name and process id: they tell a reader of the log about the machine. */
export function createLogger(level: LogLevel): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  );
}
