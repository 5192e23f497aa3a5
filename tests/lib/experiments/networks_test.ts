/** What networks experiments train changes only where somebody means it. */
import { startEngine } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";
import { readKept } from "../../kept.ts";
import { BUILT, KEPT, networksOf } from "./_networks.ts";

await startEngine({ backend: "cpu" });
const kept = await readKept<{ name: string; is: unknown }>(KEPT);

Deno.test("every experiment's network is kept, and none is kept that is not", () => {
  assertEquals(kept.map(({ name }) => name), BUILT.map(({ name }) => name));
});

for (const [i, experiment] of BUILT.entries()) {
  Deno.test(`${experiment.name} builds the network it did; where it is to be other: deno run -A tests/lib/experiments/_networks.ts`, () => {
    assertEquals<unknown>(networksOf(experiment), kept[i].is);
  });
}
