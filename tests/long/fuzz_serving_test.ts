import { assertEquals } from "../assert.ts";
import { fuzz } from "../lib/serve/_fuzz.ts";
import { drawSeedOfDay } from "../seed.ts";

Deno.test("no request of 20,000 hostile ones makes the service fail; the seed is drawn anew each day", async () => {
  const seed = drawSeedOfDay("hostile requests");
  const statuses = await fuzz(20_000, seed);
  assertEquals([...statuses.values()].reduce((a, b) => a + b, 0), 20_000, `seed ${seed}`);
});
