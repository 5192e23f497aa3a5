import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  createOptimizer,
  ftrl,
  lion,
  nadam,
  type OptimizerOptions,
  type OptimizerRule,
  rmsprop,
  sgd,
} from "../../../lib/train/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

/** One weight [1, 3] after three steps at rate 0.1. */
function afterThreeSteps(rule: OptimizerRule, options: OptimizerOptions = {}): Float32Array {
  const weight = tf.variable(tf.tensor2d([[1, -2, 0.5]]));
  const optimizer = createOptimizer(rule, [weight], options);
  for (const gradient of [[0.1, -0.4, 2], [-0.3, 0.2, 1], [0.5, 0.1, -3]]) {
    optimizer.apply([tf.tensor2d([gradient])], tf.scalar(0.1));
  }
  return weight.dataSync<"float32">();
}

// Printed by Keras 3.15 with the TensorFlow backend:
//   w = keras.Variable(np.array([[1.0, -2.0, 0.5]], "float32"))
//   o = keras.optimizers.SGD(0.1) # and so on
//   for g in ([[0.1, -0.4, 2.0]], [[-0.3, 0.2, 1.0]], [[0.5, 0.1, -3.0]]):
//       o.apply([keras.ops.convert_to_tensor(np.array(g, "float32"))], [w])
//   print(np.array(w))
const KERAS: [string, OptimizerRule, OptimizerOptions, number[]][] = [
  ["SGD(0.1)", sgd(), {}, [0.97, -1.99, 0.5]],
  ["SGD(0.1, momentum=0.9)", sgd({ momentum: 0.9 }), {}, [0.9799001, -1.9396, 0.06800002]],
  ["SGD(…, nesterov=True)", sgd({ momentum: 0.9, nesterov: true }), {}, [0.95191, -1.93564, 0.1112]],
  ["Adam(0.1)", adam(), {}, [0.9158353, -1.867229, 0.3149815]],
  [
    "Adam(0.1, beta_1=0.8, beta_2=0.9, epsilon=0.1)",
    adam({ beta1: 0.8, beta2: 0.9, epsilon: 0.1 }),
    {},
    [0.9783518, -1.932187, 0.3484983],
  ],
  ["AdamW(0.1, weight_decay=0.5)", adam(), { weightDecay: 0.5 }, [0.780489, -1.593061, 0.2580799]],
  ["RMSprop(0.1)", rmsprop(), {}, [0.7137756, -1.906678, 0.2980423]],
  [
    "RMSprop(0.1, rho=0.8, momentum=0.9, epsilon=0.1, centered=True)",
    rmsprop({ rho: 0.8, momentum: 0.9, epsilon: 0.1, centered: true }),
    {},
    [0.9567244, -1.826175, -0.1739479],
  ],
  ["Nadam(0.1)", nadam(), {}, [0.9010907, -1.9533225, 0.4208481]],
  ["Adamax(0.1)", adamax(), {}, [0.9138902, -1.8748592, 0.3321461]],
  ["Adagrad(0.1)", adagrad(), {}, [0.9623953, -1.976029, 0.4368398]],
  ["Adadelta(0.1)", adadelta(), {}, [0.9998153, -1.9999995, 0.4999445]],
  ["Lion(0.1)", lion(), {}, [0.9, -2.1, 0.4]],
  ["Ftrl(0.1)", ftrl(), {}, [0.00893271, -0.73568165, 0.3587529]],
  [
    "Ftrl(0.1, -0.8, 0.2, l1, l2 and shrinkage of 0.3, 0.4, 0.5, beta=0.6)",
    ftrl({ power: -0.8, initial: 0.2, l1: 0.3, l2: 0.4, shrinkage: 0.5, beta: 0.6 }),
    {},
    [-0.07206233, -0.07000929, 0.30293146],
  ],
  [
    "Adam(0.1, beta_2=0.5, amsgrad=True)",
    adam({ beta2: 0.5, amsgrad: true }),
    {},
    [0.9160854, -1.8688464, 0.316987],
  ],
];

for (const [name, rule, options, expected] of KERAS) {
  Deno.test(`createOptimizer() moves weights as Keras's ${name}`, () => {
    assertClose(afterThreeSteps(rule, options), expected, 2e-6);
  });
}

Deno.test("createOptimizer() lets biases be where only kernels decay", () => {
  const [kernel, bias] = [tf.variable(tf.ones([1, 1])), tf.variable(tf.ones([1]))];
  createOptimizer(sgd(), [kernel, bias], { weightDecay: 0.5 }).apply(
    [tf.zeros([1, 1]), tf.zeros([1])],
    tf.scalar(0.1),
  );
  assertClose(kernel.dataSync(), [0.95]);
  assertEquals(bias.dataSync<"float32">(), Float32Array.of(1));
});

Deno.test("createOptimizer() keeps its slots and nothing else", () => {
  const weight = tf.variable(tf.zeros([2, 2]));
  const optimizer = createOptimizer(adam(), [weight]);
  const gradient = tf.ones([2, 2]), rate = tf.scalar(0.1) as tf.Scalar;
  const before = tf.memory().numTensors;
  for (let step = 0; step < 5; step++) optimizer.apply([gradient], rate);
  assertEquals(tf.memory().numTensors, before);
  const { step, slots, values } = optimizer.snapshot(0.1);
  assertEquals([step, slots.length, values.length, values[0].length], [5, 2, 1, 2]);
});

Deno.test("createOptimizer() wants one gradient for each weight, and no negative decay", () => {
  const optimizer = createOptimizer(sgd(), [tf.variable(tf.zeros([1]))]);
  assertThrows(() => optimizer.apply([], tf.scalar(1)), RangeError, "one for each of 1 weights: got 0");
  assertThrows(() => createOptimizer(sgd(), [], { weightDecay: -1 }), RangeError, "got -1");
});

Deno.test("ftrl() refuses what Keras does, by name", () => {
  assertThrows(() => ftrl({ power: 0.1 }), RangeError, "power must be at most 0: got 0.1");
  assertThrows(() => ftrl({ l1: -1 }), RangeError, "l1 must be at least 0: got -1");
});

Deno.test("optimizers have the settings that their words say where nothing is given", () => {
  assertEquals(sgd().config, { name: "sgd", momentum: 0, nesterov: false });
  assertEquals(adam().config, { name: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
  assertEquals(rmsprop().config, { name: "rmsprop", rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false });
  assertEquals([sgd().slots, sgd({ momentum: 0.1 }).slots, adam().slots, rmsprop().slots], [
    [],
    ["momentum"],
    ["mean", "square"],
    ["square"],
  ]);
});
