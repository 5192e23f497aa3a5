/** An architecture stays what it is. @module */
// Not counted: its loops are long.
import { startEngine } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";
import { readKept } from "../../kept.ts";
import { KEPT, linesOf, MODELS } from "./_kept_models.ts";

await startEngine({ backend: "tensorflow" });

const kept = await readKept<{ name: string; lines: string[] }>(KEPT);

Deno.test("every architecture is kept", () => {
  assertEquals(kept.map(({ name }) => name), Object.keys(MODELS));
});

for (const { name, lines } of kept) {
  Deno.test(`${name} is as it was; if another one is meant: deno run -A tests/lib/models/_kept_models.ts`, () => {
    const model = MODELS[name](), now = linesOf(model);
    model.dispose();
    lines.forEach((line, i) => assertEquals(now[i], line));
    assertEquals(now.length, lines.length);
  });
}
