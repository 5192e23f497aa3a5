/** A profile as rows of bars, as every viewer of traces shows it: preparation, steps, and a lane for what ran side by side. @module */
import type { FunctionProfile, OpRun } from "../engine/mod.ts";

/** Something that took a while. */
export interface TraceBar {
  name: string;
  /** Microseconds after the beginning of the trace. */
  start: number;
  micros: number;
  /** More to know of it. */
  details: Readonly<Record<string, string>>;
}

/** One row of a trace; its bars do not overlap. */
export interface TraceRow {
  name: string;
  bars: TraceBar[];
}

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

function opBar({ op, node, part, gradient, start, micros }: OpRun, begin: number): TraceBar {
  const name = part ? `${part}${gradient ? " gradient" : ""}: ${op}` : op;
  return { name, start: begin + start, micros, details: { layer: part, op, node } };
}

/**
 * Rows of a profile: the taking down of the graph and its first run, then step after step, every op with its layer.
 *
 * @example
 * ```ts
 * import { traceRows } from "./trace_rows.ts";
 * traceRows({ traceMs: 1, firstMs: 2, steps: [] }).map(({ name }) => name); // ["preparation", "steps"]
 * ```
 */
export function traceRows({ traceMs, firstMs, steps }: FunctionProfile): TraceRow[] {
  const bar = (name: string, start: number, micros: number): TraceBar => ({
    name,
    start,
    micros,
    details: {},
  });
  const preparation = [
    bar("taking the graph down", 0, 1000 * traceMs),
    bar("first run: the graph is optimised", 1000 * traceMs, 1000 * firstMs),
  ];
  const taken: TraceBar[] = [], lanes: TraceRow[] = [];
  let begin = 1000 * (traceMs + firstMs);
  steps.forEach(({ ms, ops }, i) => {
    taken.push(bar(`step ${i + 1}`, begin, 1000 * ms));
    lanesOf(ops).forEach((lane, place) => {
      lanes[place] ??= { name: `ops, lane ${place + 1}`, bars: [] };
      lanes[place].bars.push(...lane.map((op) => opBar(op, begin)));
    });
    begin += 1000 * ms;
  });
  return [{ name: "preparation", bars: preparation }, { name: "steps", bars: taken }, ...lanes];
}
