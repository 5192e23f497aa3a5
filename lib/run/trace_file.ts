/**
 * A profile as Chrome's trace events, which Perfetto and chrome://tracing open.
 *
 * Source: "Trace Event Format", complete events (ph X) and metadata (ph M); times in microseconds.
 * @module
 */
import type { FunctionProfile } from "../engine/mod.ts";
import { traceRows } from "./trace_rows.ts";

const PROCESS = 1;

/**
 * Writes a profile as JSON of trace events.
 *
 * @param title Name of the whole.
 * @example
 * ```ts
 * import { encodeTrace } from "./trace_file.ts";
 * const { traceEvents } = JSON.parse(encodeTrace({ traceMs: 1, firstMs: 2, steps: [] }, "mnist"));
 * traceEvents.length; // 5
 * ```
 */
export function encodeTrace(profile: FunctionProfile, title: string): string {
  const name = (what: string, name: string, tid?: number) => ({
    ph: "M",
    pid: PROCESS,
    tid,
    name: what,
    args: { name },
  });
  const events = traceRows(profile).flatMap(({ name: row, bars }, tid) => [
    name("thread_name", row, tid),
    ...bars.map(({ name, start, micros, details }) => ({
      ...{ ph: "X", pid: PROCESS, tid, name },
      ...{ ts: start, dur: micros, args: details },
    })),
  ]);
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [name("process_name", title), ...events] });
}
