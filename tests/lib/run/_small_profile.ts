/** Two steps of a few ops, two of which ran side by side. @module */
import type { FunctionProfile, OpRun } from "../../../lib/engine/mod.ts";

function op(part: string, op: string, gradient: boolean, start: number, micros: number): OpRun {
  return { part, op, gradient, start, micros, node: `${part}/${op}` };
}

const OPS = [
  op("conv", "Conv2D", false, 0, 10),
  op("", "AddV2", false, 5, 2),
  op("conv", "ReluGrad", true, 10, 3),
];

/** As an engine tells it. */
export const SMALL_PROFILE: FunctionProfile = {
  traceMs: 1,
  firstMs: 2,
  steps: [{ ms: 0.02, ops: OPS }, { ms: 0.03, ops: OPS.slice(0, 1) }],
};
