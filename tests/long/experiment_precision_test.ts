/** Every experiment's first twenty steps, at its smallest, learn in mixed precision what they do in float32, within its seeds' scatter. */
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import { comparePrecisions } from "../lib/experiments/_mixed_curves.ts";

for (const { name } of EXPERIMENTS) {
  Deno.test(`${name} learns in mixed precision as in float32, within its seeds' scatter`, () =>
    comparePrecisions(name));
}
