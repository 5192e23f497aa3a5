import { encodeTrace } from "../../../lib/run/trace_file.ts";
import { assertEquals } from "../../assert.ts";

interface Event {
  ph: string;
  tid: number;
  name: string;
  ts: number;
  dur: number;
  args: Record<string, unknown>;
}

Deno.test("encodeTrace() puts preparation, steps and ops in rows of their own, ops side by side in lanes", () => {
  const op = (part: string, op: string, gradient: boolean, start: number, micros: number) => ({
    ...{ part, op, gradient, start, micros },
    node: `${part}/${op}`,
  });
  const ops = [
    op("conv", "Conv2D", false, 0, 10),
    op("", "AddV2", false, 5, 2),
    op("conv", "ReluGrad", true, 10, 3),
  ];
  const profile = { traceMs: 1, firstMs: 2, steps: [{ ms: 0.02, ops }, { ms: 0.03, ops: ops.slice(0, 1) }] };
  const { displayTimeUnit, traceEvents } = JSON.parse(encodeTrace(profile, "digits"));
  assertEquals(displayTimeUnit, "ms");
  const events = traceEvents as Event[];
  const names = Object.fromEntries(
    events.filter(({ name }) => name === "thread_name").map(({ tid, args }) => [tid, args.name]),
  );
  assertEquals(names, { 0: "preparation", 1: "steps", 2: "ops, lane 1", 3: "ops, lane 2" });
  assertEquals(events.find(({ name }) => name === "process_name")!.args, { name: "digits" });
  const bars = events.filter(({ ph }) => ph === "X").map(({ tid, name, ts, dur }) => [tid, name, ts, dur]);
  assertEquals(bars, [
    [0, "taking the graph down", 0, 1000],
    [0, "first run: the graph is optimised", 1000, 2000],
    [1, "step 1", 3000, 20],
    [2, "conv: Conv2D", 3000, 10],
    [2, "conv gradient: ReluGrad", 3010, 3],
    [3, "AddV2", 3005, 2],
    [1, "step 2", 3020, 30],
    [2, "conv: Conv2D", 3020, 10],
  ]);
  const first = events.find(({ name }) => name === "conv: Conv2D")!;
  assertEquals(first.args, { layer: "conv", op: "Conv2D", node: "conv/Conv2D" });
});
