import { encodeTrace } from "../../../lib/run/trace_file.ts";
import { assertEquals } from "../../assert.ts";
import { SMALL_PROFILE } from "./_small_profile.ts";

interface Event {
  ph: string;
  tid: number;
  name: string;
  ts: number;
  dur: number;
  args: Record<string, unknown>;
}

Deno.test("encodeTrace() names the rows and puts every bar into its own, in microseconds", () => {
  const { displayTimeUnit, traceEvents } = JSON.parse(encodeTrace(SMALL_PROFILE, "digits"));
  assertEquals(displayTimeUnit, "ms");
  const events = traceEvents as Event[];
  assertEquals(events.find(({ name }) => name === "process_name")!.args, { name: "digits" });
  const names = events.filter(({ name }) => name === "thread_name").map(({ tid, args }) => [tid, args.name]);
  assertEquals(names, [[0, "preparation"], [1, "steps"], [2, "ops, lane 1"], [3, "ops, lane 2"]]);
  const bars = events.filter(({ ph }) => ph === "X");
  assertEquals(bars.map(({ tid, name, ts, dur }) => [tid, name, ts, dur]).slice(2), [
    [1, "step 1", 3000, 20],
    [1, "step 2", 3020, 30],
    [2, "conv: Conv2D", 3000, 10],
    [2, "conv gradient: ReluGrad", 3010, 3],
    [2, "conv: Conv2D", 3020, 10],
    [3, "AddV2", 3005, 2],
  ]);
  assertEquals(bars.at(-1)!.args, { layer: "", op: "AddV2", node: "/AddV2" });
});
