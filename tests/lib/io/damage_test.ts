import { assert } from "../../assert.ts";
import { readDamaged } from "./_damage.ts";

Deno.test("openFile() says in its own words what is wrong with damaged files of every format", async () => {
  const { refused, read } = await readDamaged(1500, 11);
  assert(refused > 300 && read > 300, `${refused} refused, ${read} read`);
});
