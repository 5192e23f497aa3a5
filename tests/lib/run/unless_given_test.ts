import { unlessGiven } from "../../../lib/run/unless_given.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("unlessGiven() changes what was not given, and nothing else", () => {
  const options = { epochs: 12, batch: 64, seed: 1 };
  const others = { epochs: 30, batch: 256 };
  assertEquals(unlessGiven(options, new Set(["batch"]), others), { epochs: 30, batch: 64, seed: 1 });
  assertEquals(unlessGiven(options, new Set(), others), { epochs: 30, batch: 256, seed: 1 });
  assertEquals(options, { epochs: 12, batch: 64, seed: 1 });
});
