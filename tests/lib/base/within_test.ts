import { within } from "../../../lib/base/within.ts";
import { assertEquals, assertRejects } from "../../assert.ts";

Deno.test("within() gives what comes in time, and what is late up with the reason of that moment", async () => {
  let reason = "before";
  const late = () => new RangeError(reason);
  assertEquals(await within(Promise.resolve(7), 1000, late), 7);
  await assertRejects(() => within(Promise.reject(new TypeError("own")), 1000, late), TypeError, "own");
  const waiting = within(new Promise<never>(() => {}), 1, late);
  reason = "after";
  await assertRejects(() => waiting, RangeError, "after");
});
