import { findExperiment } from "../../../lib/experiments/registry.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

Deno.test("optionsFor() fills in defaults and what depends on them, and names the nearest of a wrong one", () => {
  const lenses = findExperiment("lenses"),
    { epochs, crop, seed, model } = optionsFor(lenses, { seed: 3 }) as Record<
      string,
      unknown
    >;
  assertEquals([epochs, crop, seed, model], [24, 64, 3, "lens_net"]);
  assertEquals((optionsFor(lenses, { crop: 32 }) as Record<string, unknown>).crop, 32);
  assertThrows(
    () => optionsFor(lenses, { epoch: 3 }),
    RangeError,
    'Cannot give "lenses" an option "epoch" as it has none (nearest: "epochs")',
  );
});
