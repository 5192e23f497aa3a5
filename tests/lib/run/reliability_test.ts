import { reliabilityFigures } from "../../../lib/run/reliability.ts";
import { assertClose, assertEquals } from "../../assert.ts";

Deno.test("reliabilityFigures() draws how often the likeliest class was right, by its probability", () => {
  // Said with 0.7, 0.74 and 0.9: the first is wrong, the last has no number at all.
  const probabilities = [0.7, 0.2, 0.1, 0.13, 0.13, 0.74, 0.05, 0.9, 0.05, NaN, NaN, NaN];
  const [figure] = reliabilityFigures(probabilities, [1, 2, 1, 0], 3, "Test events");
  assertEquals([figure.name, figure.section], ["reliability", "Test events"]);
  const { layer } =
    (figure as unknown as { spec: { layer: { data: { values: Record<string, number>[] } }[] } }).spec;
  const bins = layer[2].data.values;
  assertEquals(bins.map(({ n, value }) => [n, value]), [[2, 0.5], [1, 1]]);
  assertClose(bins.map(({ predicted }) => predicted), [0.72, 0.9], 1e-12);
  assertEquals(reliabilityFigures([NaN, NaN], [0], 2), []);
});
