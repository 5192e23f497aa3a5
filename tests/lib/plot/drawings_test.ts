/** What a chart shows and how changes only where somebody means it. @module */
import { assertClose, assertEquals } from "../../assert.ts";
import { DRAWINGS, KEPT } from "./_drawings.ts";

const kept = new Map<string, unknown>(
  (await Deno.readTextFile(KEPT)).trim().split("\n").map((line) => JSON.parse(line))
    .map(({ name, spec }) => [name, spec]),
);

/** Every value of a chart by its path; numbers that are calculated may differ in their last digits. */
function valuesOf(value: unknown, path = "$"): [path: string, value: unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  const inside = Object.entries(value).flatMap(([key, one]) => valuesOf(one, `${path}.${key}`));
  return inside.length > 0 ? inside : [[path, Array.isArray(value) ? "[]" : "{}"]];
}

Deno.test("every chart is drawn, and none is kept that is not", () => {
  assertEquals([...kept.keys()], Object.keys(DRAWINGS));
});

for (const [name, draw] of Object.entries(DRAWINGS)) {
  Deno.test(`${name} is as it was looked at; if it is better now: deno run -A tests/lib/plot/_drawings.ts`, () => {
    const now = valuesOf(JSON.parse(JSON.stringify(draw()))), before = valuesOf(kept.get(name));
    assertEquals(now.map(([path]) => path), before.map(([path]) => path));
    now.forEach(([path, value], i) => {
      const old = before[i][1];
      if (typeof value === "number" && typeof old === "number") assertClose(value, old, 1e-9, path);
      else assertEquals(value, old, path);
    });
  });
}
