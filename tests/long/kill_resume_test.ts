import { createRng } from "../../lib/base/rng.ts";
import { assertSurvivesKills } from "../lib/train/_kill_often.ts";

Deno.test("fit() killed twenty times and resumed ends bit for bit as if never killed", async () => {
  await assertSurvivesKills(20, createRng(Date.now() >>> 0));
});
