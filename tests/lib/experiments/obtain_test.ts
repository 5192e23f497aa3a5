import { ecal } from "../../../lib/experiments/ecal/experiment.ts";
import { lenses } from "../../../lib/experiments/lenses/experiment.ts";
import type { Experiment } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

/** Experiments that simulate what they load, with as little of it as they take. */
const SMALLEST: readonly (readonly [Experiment, Record<string, unknown>])[] = [
  [ecal as unknown as Experiment, { events: 40 }],
  [lenses as unknown as Experiment, { lenses: 10, negatives: 20, augmentation: "none" }],
];

for (const [experiment, changes] of SMALLEST) {
  Deno.test(`${experiment.name}.obtain() simulates the set that load() then finds, and nothing where one is given`, () =>
    withFolder(async (dataFolder) => {
      const lines: string[] = [], context = { dataFolder, log: (line: string) => lines.push(line) };
      await experiment.obtain!(optionsFor(experiment, { ...changes, data: ["given.h5"] }), context);
      assertEquals(lines, []);
      const options = optionsFor(experiment, changes);
      await experiment.obtain!(options, context);
      (await experiment.load(options, context)).dispose();
      assertEquals(lines.filter((line) => line.startsWith("Simulating")).length, 1, lines.join("\n"));
    }));
}
