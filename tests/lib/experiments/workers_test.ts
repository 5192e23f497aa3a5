/** What two workers learn of an experiment is what one does; tests/long has all of them. */
import { compareWorkers } from "./_with_workers.ts";

Deno.test("images and dcgan learn the same in ten steps of two workers as in those of one", () =>
  compareWorkers(["images", "dcgan"], 10, 2));
