import { assert } from "../../assert.ts";
import { fuzz } from "./_fuzz.ts";

Deno.test("no request of 2,000 hostile ones makes the service fail, and it answers afterwards", async () => {
  const statuses = await fuzz(2000, 7);
  for (const status of [200, 202, 400, 404, 405, 415]) {
    assert((statuses.get(status) ?? 0) > 0, `no ${status} among ${JSON.stringify([...statuses])}`);
  }
});
