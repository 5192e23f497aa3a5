/** What experiments measure and draw changes only where somebody means it. */
import { startEngine } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";
import { assertValuesKept, readKept, valuesByPath } from "../../kept.ts";
import { KEPT, REPORTED, reportOf } from "./_reports.ts";

await startEngine();
const kept = new Map(
  (await readKept<{ name: string; report: unknown }>(KEPT)).map(({ name, report }) => [name, report]),
);

Deno.test("every report is kept, and none is kept that is not", () => {
  assertEquals([...kept.keys()], REPORTED);
});

for (const name of REPORTED) {
  Deno.test(`${name} measures and draws what it did; where it is better now: deno run -A tests/lib/experiments/_reports.ts`, async () => {
    assertValuesKept(valuesByPath(await reportOf(name)), valuesByPath(kept.get(name)));
  });
}
