import { plotLabelSets } from "../../../lib/plot/mod.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

type Chart = { data: { values: Record<string, unknown>[] } };

Deno.test("plotLabelSets() counts sets, the most frequent first, and those found exactly", () => {
  const truth = [1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0], given = [1, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0];
  const { vconcat, title } = plotLabelSets(given, truth, ["a", "b", "c"]) as unknown as {
    vconcat: Chart[];
    title: { subtitle: string };
  };
  // Truth is ac, b, ac, a; given is ac, nothing, a, a.
  assertEquals(title.subtitle, "3 of 3 sets, with 4 of 4 examples");
  assertEquals(vconcat[0].data.values.map(({ count }) => count), [1, 1, 0, 1, 1, 0]);
  assertEquals(vconcat[1].data.values, [
    { set: 0, label: "a" },
    { set: 0, label: "c" },
    { set: 1, label: "b" },
    { set: 2, label: "a" },
  ]);
});

Deno.test("plotLabelSets() draws the most frequent alone, and refuses half a row", () => {
  const { vconcat } = plotLabelSets([1, 0, 1], [1, 0, 1], ["a"], { most: 1 }) as unknown as {
    vconcat: Chart[];
  };
  assertEquals(vconcat[0].data.values.map(({ count }) => count), [2, 0]);
  assertThrows(() => plotLabelSets([1, 0, 1], [1, 0, 1], ["a", "b"]), RangeError, "must be rows of 2");
});
