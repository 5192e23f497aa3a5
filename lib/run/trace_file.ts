/**
 * A profile as Chrome's trace events, which Perfetto and chrome://tracing open: a lane for what ran side by side.
 *
 * Source: "Trace Event Format", complete events (ph X) and metadata (ph M); times in microseconds.
 * @module
 */
import type { FunctionProfile, OpRun } from "../engine/mod.ts";

/** Numbers of the rows: preparation, steps, then one a lane. */
const PREPARATION = 0, STEPS = 1, LANES = 2;
const PROCESS = 1;

/** Ops by lanes in which none begins before the last one has ended; as few lanes as ran side by side. */
function lanesOf(ops: readonly OpRun[]): OpRun[][] {
  const lanes: OpRun[][] = [];
  for (const op of ops) {
    const free = lanes.find((lane) => lane.at(-1)!.start + lane.at(-1)!.micros <= op.start);
    if (free) free.push(op);
    else lanes.push([op]);
  }
  return lanes;
}

/** One bar of the trace. */
function bar(row: number, name: string, start: number, micros: number, args: Record<string, unknown> = {}) {
  return { ph: "X", pid: PROCESS, tid: row, name, ts: start, dur: micros, args };
}

/** Names a row. */
function named(row: number, name: string) {
  return { ph: "M", pid: PROCESS, tid: row, name: "thread_name", args: { name } };
}

/**
 * Writes a profile as JSON of trace events: the taking down of the graph, its first run, then step after step, every op with its
 * layer.
 *
 * @example
 * ```ts
 * import { encodeTrace } from "./trace_file.ts";
 * const { traceEvents } = JSON.parse(encodeTrace({ traceMs: 1, firstMs: 2, steps: [] }, "mnist"));
 * traceEvents.length; // 5
 * ```
 */
export function encodeTrace({ traceMs, firstMs, steps }: FunctionProfile, title: string): string {
  const events: unknown[] = [
    { ph: "M", pid: PROCESS, name: "process_name", args: { name: title } },
    named(PREPARATION, "preparation"),
    named(STEPS, "steps"),
    bar(PREPARATION, "taking the graph down", 0, 1000 * traceMs),
    bar(PREPARATION, "first run: the graph is optimised", 1000 * traceMs, 1000 * firstMs),
  ];
  let begin = 1000 * (traceMs + firstMs), rows = 0;
  steps.forEach(({ ms, ops }, i) => {
    events.push(bar(STEPS, `step ${i + 1}`, begin, 1000 * ms));
    const lanes = lanesOf(ops);
    rows = Math.max(rows, lanes.length);
    lanes.forEach((lane, place) => {
      for (const { op, node, part, gradient, start, micros } of lane) {
        const name = part ? `${part}${gradient ? " gradient" : ""}: ${op}` : op;
        events.push(bar(LANES + place, name, begin + start, micros, { layer: part, op, node }));
      }
    });
    begin += 1000 * ms;
  });
  for (let row = 0; row < rows; row++) events.push(named(LANES + row, `ops, lane ${row + 1}`));
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: events });
}
