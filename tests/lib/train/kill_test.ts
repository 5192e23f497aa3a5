import { createRng } from "../../../lib/base/rng.ts";
import { assertSurvivesKills } from "./_kill_often.ts";

Deno.test("fit() killed three times and resumed ends bit for bit as if never killed", async () => {
  await assertSurvivesKills(3, createRng(Date.now() >>> 0));
});
