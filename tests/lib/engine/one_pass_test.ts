import { compile, onePass, prepareOnePass, random, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine();

const LARGE = 600_000;
const counting = (size: number) => tf.div(tf.range(0, size), size);
prepareOnePass([counting(LARGE)]);

/** Adam's move of one weight, op by op. */
function move(weight: tf.Tensor, gradient: tf.Tensor, mean: tf.Tensor, square: tf.Tensor): tf.Tensor[] {
  const m = tf.add(mean, tf.mul(tf.sub(gradient, mean), 0.1));
  const v = tf.add(square, tf.mul(tf.sub(tf.square(gradient), square), 0.001));
  return [tf.sub(weight, tf.div(tf.mul(m, 0.01), tf.add(tf.sqrt(v), 1e-7))), m, v];
}

/** Kinds of the ops that a run of a function takes. */
function kinds(fn: (x: tf.Tensor) => tf.Tensor[], x: tf.Tensor): Set<string> {
  const step = compile(fn), { steps } = step.profile([x], 1)!;
  step.dispose();
  return new Set(steps[0].ops.map(({ op }) => op));
}

Deno.test("onePass() gives what the ops give one by one, as one op", () => {
  const x = counting(LARGE);
  const inputs = [x, tf.sub(x, 0.5), tf.mul(x, 0.1), tf.square(x)];
  const step = compile((...given: tf.Tensor[]) => onePass(move, given));
  for (const results of [step(...inputs), step(...inputs)]) {
    move(inputs[0], inputs[1], inputs[2], inputs[3]).forEach((expected, i) =>
      assertClose(results[i].dataSync(), expected.dataSync(), 1e-6)
    );
  }
  const ops = kinds((x) => onePass(move, [x, x, x, x]), x);
  assert(ops.has("PartitionedCall"), [...ops].join()); // a TensorFlow without XLA runs the ops within
  step.dispose();
});

Deno.test("onePass() runs op by op what is small, not float32, or draws at random", () => {
  const isOne = (ops: Set<string>) => ops.has("PartitionedCall");
  const double = (x: tf.Tensor) => [tf.add(x, x)];
  assert(!isOne(kinds((x) => onePass(double, [x]), counting(100))));
  assert(!isOne(kinds((x) => onePass(double, [x]), tf.range(0, LARGE, 1, "int32"))));
  const noisy = compile((x: tf.Tensor) => onePass((x) => [tf.add(x, random.uniform(x.shape))], [x]));
  const [first] = noisy(counting(LARGE)), [second] = noisy(counting(LARGE));
  assert(tf.max(tf.abs(tf.sub(first, second))).dataSync()[0] > 0.1, "each call draws anew");
  noisy.dispose();
});

Deno.test("onePass() tells parts apart that give the same in another order", () => {
  const both = (x: tf.Tensor) => [tf.add(x, 1), tf.mul(x, 3)];
  const step = compile((x: tf.Tensor) => [...onePass(both, [x]), ...onePass((x) => both(x).reverse(), [x])]);
  const firsts = step(tf.ones([LARGE])).map((tensor) => tensor.dataSync()[0]);
  assertEquals(firsts, [2, 3, 3, 2]);
  step.dispose();
});

Deno.test("onePass() outside of a trace just runs", () => {
  const [sum] = onePass((a, b) => [tf.add(a, b)], [counting(LARGE), tf.scalar(1)]);
  assertEquals([sum.shape, sum.dataSync()[0]], [[LARGE], 1]);
});

Deno.test("onePass() frees what a part took besides where its function fails, and where it is no part", async () => {
  const { native } = (await import("../../../lib/engine/state.ts")).state;
  const table = counting(LARGE), x = counting(LARGE);
  const fails = compile((x: tf.Tensor) =>
    onePass((x) => {
      tf.add(x, table);
      throw new Error("stopped");
    }, [x])
  );
  const besides = () => {
    const step = compile((x: tf.Tensor) => onePass((x) => [tf.add(x, table)], [x]));
    tf.dispose(step(x));
    step.dispose();
  };
  const both = () => {
    assertThrows(() => fails(x), Error, "stopped");
    besides();
  };
  both(); // everything that they read is TensorFlow's now
  const before = native!.runtime.getNumOfTensors();
  both();
  both();
  assertEquals(native!.runtime.getNumOfTensors(), before);
});
