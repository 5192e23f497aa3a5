/** Lines of the log, with the time when they are told. @module */
import type { LogEntry } from "./context.ts";

/** Tells the log what happened, and of what. */
export type Tell = (level: LogEntry["level"], event: string, fields?: Record<string, unknown>) => void;

/**
 * What tells a log; nobody, where there is none.
 *
 * @example
 * ```ts
 * import type { LogEntry } from "./context.ts";
 * import { tellTo } from "./tell.ts";
 * const lines: LogEntry[] = [], tell = tellTo((entry) => lines.push(entry));
 * tell("info", "started", { ready: true });
 * lines[0].event; // "started"
 * ```
 */
export function tellTo(log?: (entry: LogEntry) => void): Tell {
  return (level, event, fields) => log?.({ time: new Date().toISOString(), level, event, ...fields });
}
