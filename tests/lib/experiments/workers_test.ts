/** What two workers learn of an experiment is what one does; tests/long has all of them. */
import { compareWorkers } from "./_with_workers.ts";

Deno.test("images learns the same in ten steps of two workers as in those of one", () =>
  compareWorkers(["images"], 10, 2));
