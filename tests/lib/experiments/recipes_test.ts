/** What experiments take and how they train changes only where somebody means it. */
import { startEngine } from "../../../lib/engine/mod.ts";
import { EXPERIMENTS } from "../../../lib/experiments/registry.ts";
import { assertEquals } from "../../assert.ts";
import { assertValuesKept, readKept, valuesByPath } from "../../kept.ts";
import { describe, KEPT } from "./_recipes.ts";

await startEngine({ backend: "cpu" });
const kept = new Map((await readKept<{ name: string; is: unknown }>(KEPT)).map(({ name, is }) => [name, is]));

Deno.test("every experiment's recipe is kept, and none is kept that is not", () => {
  assertEquals([...kept.keys()], EXPERIMENTS.map(({ name }) => name));
});

for (const experiment of EXPERIMENTS) {
  Deno.test(`${experiment.name} trains as it did; where it is to be other: deno run -A tests/lib/experiments/_recipes.ts`, () => {
    const now = JSON.parse(JSON.stringify(describe(experiment)));
    assertValuesKept(valuesByPath(now), valuesByPath(kept.get(experiment.name)));
  });
}
