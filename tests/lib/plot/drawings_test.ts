/** What a chart shows and how changes only where somebody means it. @module */
import { assertEquals } from "../../assert.ts";
import { assertValuesKept, readKept, valuesByPath } from "../../kept.ts";
import { DRAWINGS, KEPT } from "./_drawings.ts";

const kept = new Map(
  (await readKept<{ name: string; spec: unknown }>(KEPT)).map(({ name, spec }) => [name, spec]),
);

Deno.test("every chart is drawn, and none is kept that is not", () => {
  assertEquals([...kept.keys()], Object.keys(DRAWINGS));
});

for (const [name, draw] of Object.entries(DRAWINGS)) {
  Deno.test(`${name} is as it was looked at; if it is better now: deno run -A tests/lib/plot/_drawings.ts`, () => {
    assertValuesKept(valuesByPath(JSON.parse(JSON.stringify(draw()))), valuesByPath(kept.get(name)));
  });
}
