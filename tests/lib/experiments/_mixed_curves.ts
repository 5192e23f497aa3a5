/**
 * Every experiment's loss in mixed precision beside that in float32, over its first twenty steps at its smallest: rounding moves it
 * by less than another seed would.
 * @module
 */
import { mixedPrecisionRefusal, startEngine } from "../../../lib/engine/mod.ts";
import { meanOf } from "../../../lib/evaluate/mean.ts";
import { assert } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { smallest } from "./_smallest.ts";
import { BATCH, EPOCHS, losses } from "./_twenty_steps.ts";

/** Of first weights and the order of examples; the examples are the same. */
const SEEDS = [1, 2, 3];

/** Holds an experiment's losses in mixed precision to those in float32, epoch by epoch, by how far its seeds lie apart. */
export function comparePrecisions(name: string): Promise<void> {
  return withFolder(async (folder) => {
    await startEngine({ backend: "tensorflow" });
    if (mixedPrecisionRefusal()) return; // that it is refused, tests of `fit()` hold
    const { experiment, options } = await smallest(name, folder, { batch: BATCH, epochs: EPOCHS, seed: 1 });
    const curves = async (precision: "float32" | "mixed") => {
      const all: number[][] = [];
      for (const seed of SEEDS) all.push(await losses(experiment, options, folder, { seed, precision }));
      return all;
    };
    const float32 = await curves("float32"), mixed = await curves("mixed");
    assert(String(mixed) !== String(float32), "rounding shows");
    for (let epoch = 0; epoch < EPOCHS; epoch++) {
      const [wide, narrow] = [float32, mixed].map((all) => all.map((curve) => curve[epoch]));
      const apart = Math.abs(meanOf(narrow) - meanOf(wide)), scatter = Math.max(...wide) - Math.min(...wide);
      assert(apart <= scatter, `epoch ${epoch + 1}: ${narrow} in mixed precision, ${wide} in float32`);
    }
  });
}
