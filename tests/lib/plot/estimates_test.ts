import { plotEstimates } from "../../../lib/plot/mod.ts";
import { SERIES } from "../../../lib/plot/spec.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

Deno.test("plotEstimates() draws a point and an interval for each, and ticks for what was to be reached", () => {
  const estimate = { value: 0.9, low: 0.8, high: 0.95 },
    rows = [
      { group: "1", series: "ours", estimate },
      { group: "2", series: "ours", estimate },
    ];
  const plain = plotEstimates(rows) as unknown as { layer: unknown[]; data: { values: unknown[] } };
  assertEquals(plain.layer.length, 2);
  assertEquals(plain.data.values[1], { group: "2", series: "ours", value: 0.9, low: 0.8, high: 0.95 });
  const { layer } = plotEstimates(rows, {
    bars: [{ group: "1", series: "ours", value: 0.7 }],
  }) as unknown as {
    layer: { mark: { type: string } }[];
  };
  assertEquals(layer.map(({ mark }) => mark.type), ["rule", "point", "tick"]);
  assertThrows(() => plotEstimates([]), RangeError, "as there are none");
});

Deno.test("plotEstimates() gives each series a colour of its own, the first ones in their order", () => {
  const estimate = { value: 0.9, low: 0.8, high: 0.95 };
  const rows = ["ours", "theirs", "ours"].map((series, i) => ({ group: String(i), series, estimate }));
  const { encoding } = plotEstimates(rows) as unknown as { encoding: { color: { scale: object } } };
  assertEquals(encoding.color.scale, { domain: ["ours", "theirs"], range: [SERIES[0], SERIES[1]] });
});
