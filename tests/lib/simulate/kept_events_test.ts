/** A seed gives the same events in every version. @module */
import { assertEquals } from "../../assert.ts";
import { assertValuesKept, readKept } from "../../kept.ts";
import { EVENTS, figuresOf, KEPT } from "./_kept_events.ts";

const kept = await readKept<{ name: string; figures: Record<string, number | string> }>(KEPT);

Deno.test("every simulator's events are kept", () => {
  assertEquals(kept.map(({ name }) => name), Object.keys(EVENTS));
});

for (const { name, figures } of kept) {
  Deno.test(`${name} is as it was; if another law is meant: deno run -A tests/lib/simulate/_kept_events.ts`, () => {
    assertValuesKept(figuresOf(EVENTS[name]()), figures);
  });
}
