/** Losses in mixed precision lie within the scatter of float32's seeds: the quickest experiments here, all in tests/long. */
import { comparePrecisions } from "./_mixed_curves.ts";

for (const name of ["mnist", "images", "supernemo-hint"]) {
  Deno.test(`${name} learns in mixed precision as in float32, within its seeds' scatter`, () =>
    comparePrecisions(name));
}
