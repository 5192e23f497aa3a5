/** Two networks against each other, and a network that draws its code, learn by two workers what they do by one; tests/long has all. */
import { compareWorkers } from "./_with_workers.ts";

Deno.test("dcgan and supernemo-vae learn the same in ten steps of two workers as in those of one", () =>
  compareWorkers(["dcgan", "supernemo-vae"], 10, 2));
