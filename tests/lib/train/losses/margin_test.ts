import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { margin } from "../../../../lib/train/mod.ts";
import { assertClose, assertThrows } from "../../../assert.ts";

const LENGTHS = [[0.5, 0.3, 0.05], [0.95, 0.1, 0.9]];

Deno.test("margin() is the paper's sum over classes, with its gradient, on every backend", async () => {
  for (const backend of ["cpu", "wasm", "tensorflow"] as const) {
    await startEngine({ backend });
    const lengths = tf.tensor2d(LENGTHS), classes = tf.tensor1d([0, 2], "int32");
    const loss = (x: tf.Tensor) => margin().perExample(classes, x, { logits: false });
    // (0.9 - 0.5)² + 0.5 (0.3 - 0.1)² = 0.18; 0.5 (0.95 - 0.1)² + 0 = 0.36125
    assertClose(loss(lengths).dataSync(), [0.18, 0.36125], 1e-6, backend);
    // -2 (0.9 - 0.5), (0.3 - 0.1), 0; (0.95 - 0.1), 0, 0
    const gradient = tf.grad((x) => tf.sum(loss(x)))(lengths).dataSync();
    assertClose(gradient, [-0.8, 0.2, 0, 0.85, 0, 0], 1e-6, backend);
  }
});

Deno.test("margin() refuses lengths that are not in order", () => {
  assertThrows(() => margin({ present: 0.1, absent: 0.2 }), RangeError, "got 0.2, 0.1 and 0.5");
});
