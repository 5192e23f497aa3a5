/** Every experiment's first twenty steps, at its smallest, come out alike on tensorflow, wasm and cpu. */
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import { compareBackends } from "../lib/experiments/_twenty_steps.ts";

for (const { name } of EXPERIMENTS) {
  Deno.test(`${name} learns the same in twenty steps on every backend`, () => compareBackends(name));
}
