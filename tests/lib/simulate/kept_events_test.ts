/** A seed gives the same events in every version. @module */
import { assertClose, assertEquals } from "../../assert.ts";
import { EVENTS, figuresOf, KEPT } from "./_kept_events.ts";

const kept: { name: string; figures: Record<string, number | string> }[] = (await Deno.readTextFile(KEPT))
  .trim().split("\n").map((line) => JSON.parse(line));

Deno.test("every simulator's events are kept", () => {
  assertEquals(kept.map(({ name }) => name), Object.keys(EVENTS));
});

for (const { name, figures } of kept) {
  Deno.test(`${name} is as it was; if another law is meant: deno run -A tests/lib/simulate/_kept_events.ts`, () => {
    const now = figuresOf(EVENTS[name]());
    assertEquals(Object.keys(now), Object.keys(figures));
    for (const [path, value] of Object.entries(now)) {
      const before = figures[path];
      if (typeof value === "number" && typeof before === "number") assertClose(value, before, 1e-9, path);
      else assertEquals(value, before, path);
    }
  });
}
