import { assert } from "../assert.ts";
import { readDamaged } from "../lib/io/_damage.ts";

Deno.test("openFile() says in its own words what is wrong with 100,000 damaged files", async () => {
  const { refused, read } = await readDamaged(100_000, 12);
  assert(refused + read === 100_000);
});
