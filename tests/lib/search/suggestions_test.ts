/** A study that goes on with a newer version goes on as it began: what samplers suggest changes only where somebody means it. */
import { SAMPLERS } from "../../../lib/search/samplers/registry.ts";
import { sobolPoint } from "../../../lib/search/samplers/sobol.ts";
import { assertEquals, assertThrows } from "../../assert.ts";
import { assertValuesKept, readKept, valuesByPath } from "../../kept.ts";
import { KEPT, suggestionsOf } from "./_suggestions.ts";

const kept = new Map(
  (await readKept<{ name: string; suggestions: unknown }>(KEPT)).map(({ name, suggestions }) => [
    name,
    suggestions,
  ]),
);

for (const name of Object.keys(SAMPLERS)) {
  Deno.test(`${name} suggests what it did; where it is to be other: deno run -A tests/lib/search/_suggestions.ts`, async () => {
    assertValuesKept(valuesByPath(await suggestionsOf(name)), valuesByPath(kept.get(name)));
  });
}

Deno.test("sobolPoint() gives SciPy's points in all of its dimensions", () => {
  // p = scipy.stats.qmc.Sobol(40, scramble=False).random(1024); h = 0
  // for row in p: for v in row: h = (h * 31 + int(v * 1024)) % 4294967291
  let h = 0;
  for (let n = 0; n < 1024; n++) for (const v of sobolPoint(n, 40)) h = (h * 31 + v * 1024) % 4294967291;
  assertEquals(h, 302474285);
  assertThrows(
    () => sobolPoint(0, 41),
    RangeError,
    "Cannot make Sobol points in 41 dimensions: there are directions for 40",
  );
});
