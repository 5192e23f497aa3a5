/** What a chart shows and how changes only where somebody means it. @module */
import { assertEquals } from "../../assert.ts";
import { assertValuesKept, readKept } from "../../kept.ts";
import { DRAWINGS, KEPT } from "./_drawings.ts";

const kept = new Map(
  (await readKept<{ name: string; spec: unknown }>(KEPT)).map(({ name, spec }) => [name, spec]),
);

/** Every value of a chart by its path. */
function valuesOf(value: unknown, path = "$"): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { [path]: value };
  const inside = Object.entries(value).map(([key, one]) => valuesOf(one, `${path}.${key}`));
  return inside.length > 0 ? Object.assign({}, ...inside) : { [path]: Array.isArray(value) ? "[]" : "{}" };
}

Deno.test("every chart is drawn, and none is kept that is not", () => {
  assertEquals([...kept.keys()], Object.keys(DRAWINGS));
});

for (const [name, draw] of Object.entries(DRAWINGS)) {
  Deno.test(`${name} is as it was looked at; if it is better now: deno run -A tests/lib/plot/_drawings.ts`, () => {
    assertValuesKept(valuesOf(JSON.parse(JSON.stringify(draw()))), valuesOf(kept.get(name)));
  });
}
