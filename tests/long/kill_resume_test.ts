import { createRng } from "../../lib/base/rng.ts";
import { assertSurvivesKills } from "../lib/train/_kill_often.ts";
import { drawSeed } from "../seed.ts";

for (const kind of ["supervised", "adversarial", "variational"] as const) {
  Deno.test(`a ${kind} fit() killed twenty times and resumed ends bit for bit as if never killed`, async () => {
    await assertSurvivesKills(kind, 20, createRng(drawSeed(`kills of ${kind}`)));
  });
}
