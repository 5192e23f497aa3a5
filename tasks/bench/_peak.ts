/**
 * What the processor multiplies at most, by products of large matrices, one a thread as training has it.
 *
 * Prints `{"float32": GFLOP/s, "mixed": GFLOP/s}`, the second only where there is bfloat16.
 * @module
 */
import {
  applySharded,
  compile,
  engineReport,
  mixedPrecisionRefusal,
  type Precision,
  startEngine,
} from "../../lib/engine/mod.ts";

/** Side of the matrices, and how often they are multiplied; the least time counts. */
const SIDE = 2048, TIMES = 5;

const tf = await startEngine({ backend: "tensorflow" });
const { threads } = engineReport();
const layer = tf.layers.dense({ units: SIDE, useBias: false, inputShape: [SIDE] });
const model = tf.sequential({ layers: [layer] });
const shards = Array.from({ length: threads }, () => [tf.randomUniform([SIDE, SIDE])]);

/** GFLOP/s of all threads together. */
function peak(precision: Precision): number {
  // Some sums of the products leave the optimiser nothing to drop, and little to add.
  const multiply = compile(
    () => applySharded(model, shards).map(([product]) => tf.sum(tf.slice(product, [0, 0], [SIDE, 1]))),
    { precision },
  );
  let least = Infinity;
  for (let i = 0; i <= TIMES; i++) {
    const start = performance.now(), sums = multiply();
    for (const sum of sums) sum.dataSync();
    if (i > 0) least = Math.min(least, performance.now() - start);
    tf.dispose(sums);
  }
  return threads * 2 * SIDE ** 3 / 1e6 / least;
}

const mixed = mixedPrecisionRefusal() ? {} : { mixed: peak("mixed") };
console.log(JSON.stringify({ float32: peak("float32"), ...mixed }));
