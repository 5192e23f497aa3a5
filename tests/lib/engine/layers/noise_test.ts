/** Layers that draw, by the law that each follows: in training, and not at all in prediction or at no rate. */
import { random, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

const { layers } = tf;
/** Rows and columns of what is drawn upon. */
const ROWS = 200, COLUMNS = 100, N = ROWS * COLUMNS;

/** Mean and spread of a layer's output where its input is 2 everywhere. */
function moments(
  layer: tf.layers.Layer,
  training: boolean,
): { mean: number; spread: number; values: Float32Array } {
  random.setState({ seed: 5, counter: 1 });
  const x = tf.fill([ROWS, COLUMNS], 2);
  const y = layer.apply(x, { training }) as tf.Tensor, values = y.dataSync<"float32">();
  const mean = values.reduce((sum, value) => sum + value, 0) / N;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / N);
  tf.dispose([x, y]);
  return { mean, spread, values };
}

/** Alpha dropout keeps mean 0 and variance 1: what it gives of 2 at a rate of 0.2 follows from its formula. */
const LOW = -1.6732632423543772 * 1.0507009873554805, KEEP = 0.8;
const A = (KEEP * (1 + 0.2 * LOW ** 2)) ** -0.5, B = -A * LOW * 0.2;

/** By name: the layer at a rate, and mean and spread of what becomes of 2. */
const LAYERS: Record<
  string,
  [make: (rate: number) => tf.layers.Layer, rate: number, mean: number, spread: number]
> = {
  dropout: [(rate) => layers.dropout({ rate }), 0.2, 2, 2 * Math.sqrt(0.2 / 0.8)],
  "gaussian noise": [(stddev) => layers.gaussianNoise({ stddev }), 0.5, 2, 0.5],
  "gaussian dropout": [(rate) => layers.gaussianDropout({ rate }), 0.2, 2, 2 * Math.sqrt(0.2 / 0.8)],
  "alpha dropout": [
    (rate) => layers.alphaDropout({ rate }),
    0.2,
    A * (KEEP * 2 + 0.2 * LOW) + B,
    A * (2 - LOW) * Math.sqrt(KEEP * 0.2),
  ],
};

for (const [name, [make, rate, mean, spread]] of Object.entries(LAYERS)) {
  Deno.test(`${name} draws by its law in training, and leaves its input alone elsewhere`, async () => {
    for (const backend of ["tensorflow", "cpu"] as const) {
      await startEngine({ backend });
      const drawn = moments(make(rate), true);
      // Five standard errors of a mean of so many, and as much for the spread.
      assert(
        Math.abs(drawn.mean - mean) < 5 * spread / Math.sqrt(N),
        `${backend}: mean ${drawn.mean}, not ${mean}`,
      );
      assertClose(drawn.spread, spread, 0.04, backend);
      assertEquals(moments(make(rate), false).values, new Float32Array(N).fill(2), backend);
      if (name !== "gaussian noise") {
        assertEquals(moments(make(0), true).values, new Float32Array(N).fill(2), backend);
      }
    }
  });
}
