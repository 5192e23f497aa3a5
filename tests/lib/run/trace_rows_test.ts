import { traceRows } from "../../../lib/run/trace_rows.ts";
import { assertEquals } from "../../assert.ts";
import { SMALL_PROFILE } from "./_small_profile.ts";

Deno.test("traceRows() has a row for preparation, one for steps, and a lane for each op that ran beside another", () => {
  const rows = traceRows(SMALL_PROFILE);
  const bars = rows.map((
    { name, bars },
  ) => [name, bars.map(({ name, start, micros }) => [name, start, micros])]);
  assertEquals(bars, [
    ["preparation", [["taking the graph down", 0, 1000], ["first run: the graph is optimised", 1000, 2000]]],
    ["steps", [["step 1", 3000, 20], ["step 2", 3020, 30]]],
    ["ops, lane 1", [["conv: Conv2D", 3000, 10], ["conv gradient: ReluGrad", 3010, 3], [
      "conv: Conv2D",
      3020,
      10,
    ]]],
    ["ops, lane 2", [["AddV2", 3005, 2]]],
  ]);
  assertEquals(rows[2].bars[1].details, { layer: "conv", op: "ReluGrad", node: "conv/ReluGrad" });
});
