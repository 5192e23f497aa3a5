/** Every experiment's recipe, all that it draws included, comes to the same weights by three workers and by one. */
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import { compareWorkers } from "../lib/experiments/_with_workers.ts";

Deno.test("every experiment learns the same in a hundred steps of three workers as in those of one", () =>
  compareWorkers(EXPERIMENTS.map(({ name }) => name), 100, 3));
