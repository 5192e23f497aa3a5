/**
 * What is learned does not depend on the backend: twenty steps of the quickest experiment on all three, of another on the
 * two that people train on. JavaScript alone takes minutes for most, so all on all are in tests/long.
 */
import { compareBackends } from "./_twenty_steps.ts";

Deno.test("images learns the same in twenty steps on every backend", () => compareBackends("images"));

Deno.test("ecal learns the same in twenty steps on tensorflow and wasm", () =>
  compareBackends("ecal", ["wasm"]));
