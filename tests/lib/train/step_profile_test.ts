import type { OpRun } from "../../../lib/engine/mod.ts";
import { summarizeProfile } from "../../../lib/train/step_profile.ts";
import { assertEquals } from "../../assert.ts";

const run = (part: string, op: string, micros: number, gradient = false): OpRun => ({
  part,
  op,
  micros,
  gradient,
  node: `${part}/${op}`,
  start: 0,
});

Deno.test("summarizeProfile() adds ops up by kind and by part, as means over the steps", () => {
  const summary = summarizeProfile({
    traceMs: 5,
    firstMs: 70,
    steps: [
      {
        ms: 8,
        ops: [run("a", "_MklNativeConv2D", 3000), run("a", "ReluGrad", 1000, true), run("", "AddV2", 500)],
      },
      { ms: 10, ops: [run("a", "Conv2D", 5000), run("b", "_FusedMatMul", 500)] },
    ],
  });
  const { ops, parts, ...rest } = summary;
  assertEquals(rest, { steps: 2, traceMs: 5, firstMs: 70, stepMs: 9, busyMs: 5 });
  assertEquals(ops, [
    { op: "Conv2D", count: 1, ms: 4, share: 0.8 },
    { op: "ReluGrad", count: 0.5, ms: 0.5, share: 0.1 },
    { op: "AddV2", count: 0.5, ms: 0.25, share: 0.05 },
    { op: "FusedMatMul", count: 0.5, ms: 0.25, share: 0.05 },
  ]);
  assertEquals(parts, [
    { part: "a", forwardMs: 4, gradientMs: 0.5, share: 0.9 },
    { part: "(between layers)", forwardMs: 0.25, gradientMs: 0, share: 0.05 },
    { part: "b", forwardMs: 0.25, gradientMs: 0, share: 0.05 },
  ]);
});

Deno.test("summarizeProfile() has no shares where no op was seen", () => {
  const { ops, parts, busyMs } = summarizeProfile({ traceMs: 1, firstMs: 1, steps: [{ ms: 1, ops: [] }] });
  assertEquals([ops, parts, busyMs], [[], [], 0]);
});
