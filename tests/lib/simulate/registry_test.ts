import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { findSimulator, SIMULATORS } from "../../../lib/simulate/registry.ts";

Deno.test("findSimulator() finds each by its name, and names the nearest for a wrong one", () => {
  for (const simulator of SIMULATORS) assertEquals(findSimulator(simulator.name), simulator);
  assertEquals(new Set(SIMULATORS.map(({ name }) => name)).size, SIMULATORS.length);
  assertThrows(
    () => findSimulator("ecla"),
    RangeError,
    `"ecla" (nearest: ecal): there are cygno, ecal, supernemo, lenses`,
  );
});

Deno.test("every simulator says what it does, what it counts and where it writes", () => {
  for (const { name, summary, unit, out, options, examples } of SIMULATORS) {
    assert(
      summary.length > 20 && !summary.endsWith(".") && unit !== "" && out.path.startsWith(`data/${name}`),
    );
    for (const taken of ["seed", "out", "workers", "list", "json", "help"]) {
      assert(!(taken in options), taken);
    }
    assert(examples.every((example) => example.startsWith(`deno task simulate ${name}`)), examples.join());
  }
});
