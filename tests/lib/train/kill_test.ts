import { createRng } from "../../../lib/base/rng.ts";
import { assertSurvivesKills } from "./_kill_often.ts";

for (const [seed, kind] of (["supervised", "adversarial", "variational"] as const).entries()) {
  Deno.test(`a ${kind} fit() killed three times and resumed ends bit for bit as if never killed`, async () => {
    await assertSurvivesKills(kind, 3, createRng(seed));
  });
}
