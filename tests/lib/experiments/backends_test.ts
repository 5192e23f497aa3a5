/**
 * What is learned does not depend on the backend: twenty steps of the quickest experiment on all three, of five others
 * on the two that people train on. JavaScript alone takes minutes for most, so all on all are in tests/long.
 */
import { compareBackends } from "./_twenty_steps.ts";

Deno.test("images learns the same in twenty steps on every backend", () => compareBackends("images"));

for (const name of ["ecal", "lenses", "supernemo-3d", "supernemo-calorimeter", "supernemo-hint"]) {
  Deno.test(`${name} learns the same in twenty steps on tensorflow and wasm`, () =>
    compareBackends(name, ["wasm"]));
}
