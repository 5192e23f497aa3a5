import { compile, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../assert.ts";

const BACKENDS = ["tensorflow", "wasm", "cpu"] as const;

const numbersOf = (tensors: tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);

Deno.test("compile() gives tensors of the caller's own: inputs, variables, and one tensor twice", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    const variable = tf.variable(tf.scalar(3)), outside = tf.tensor1d([7, 8]), x = tf.tensor1d([1, 2]);
    const cases: [fn: (x: tf.Tensor) => tf.Tensor[], results: number[][]][] = [
      [(x) => Array<tf.Tensor>(2).fill(tf.add(x, 1)), [[2, 3], [2, 3]]],
      [(x) => [x, tf.neg(x), x], [[1, 2], [-1, -2], [1, 2]]],
      [(x) => [variable, tf.mul(x, variable)], [[3], [3, 6]]],
      [() => [outside, outside], [[7, 8], [7, 8]]],
    ];
    for (const [fn, expected] of cases) {
      const compiled = compile(fn), before = tf.memory().numTensors;
      for (let call = 0; call < 2; call++) {
        const results = compiled(x);
        assertEquals(numbersOf(results), expected, backend);
        tf.dispose(results);
      }
      assertEquals(tf.memory().numTensors, before, backend);
      compiled.dispose();
    }
    assertEquals(numbersOf([x, variable, outside]), [[1, 2], [3], [7, 8]], backend);
  }
});

Deno.test("compile() gives a variable as it stands after its assignment", async () => {
  for (const backend of BACKENDS) {
    await startEngine({ backend });
    const variable = tf.variable(tf.scalar(1));
    const add = compile((x: tf.Tensor) => {
      variable.assign(tf.add(variable, tf.sum(x)));
      return [variable, tf.mul(variable, 2)];
    });
    const x = tf.tensor1d([1, 2]);
    assertEquals(numbersOf([...add(x), ...add(x)]), [[4], [8], [7], [14]], backend);
    assertEquals(numbersOf([variable]), [[7]], backend);
    add.dispose();
  }
});

Deno.test("compile() traces anew for another type, shape or number of inputs, and not for other values", async () => {
  await startEngine({ backend: "tensorflow" });
  const half = compile((...xs: tf.Tensor[]) =>
    tf.div(tf.sum(tf.concat(xs.map((x) => tf.cast(x, "float32")))), 2)
  );
  const calls: [inputs: tf.Tensor[], result: number, traces: number][] = [
    [[tf.tensor1d([1, 2])], 1.5, 1],
    [[tf.tensor1d([3, 4])], 3.5, 1],
    [[tf.tensor1d([1, 2], "int32")], 1.5, 2],
    [[tf.tensor1d([1, 0], "bool")], 0.5, 3],
    [[tf.tensor1d([1, 2, 4])], 3.5, 4],
    [[tf.tensor1d([5]), tf.tensor1d([6])], 5.5, 5],
    [[tf.tensor1d([7, 8], "int32")], 7.5, 5],
  ];
  for (const [inputs, result, traces] of calls) {
    assertEquals(half(...inputs).dataSync()[0], result);
    assertEquals(half.traces, traces);
  }
  half.dispose();
  assertEquals(half.traces, 0);
});

Deno.test("compile() computes by the input's own type, not by that of the first call", async () => {
  await startEngine({ backend: "tensorflow" });
  const quotient = compile((x: tf.Tensor) => tf.floorDiv(x, tf.tensor1d([2, 2], x.dtype as "int32")));
  assertEquals(quotient(tf.tensor1d([7, 9], "int32")).dtype, "int32");
  const floats = quotient(tf.tensor1d([7.5, 9.5]));
  assertEquals([floats.dtype, ...floats.dataSync()], ["float32", 3, 4]);
  quotient.dispose();
});

Deno.test("a compiled function keeps what it captured until it is disposed, and no longer", async () => {
  const { native } = (await import("../../../lib/engine/state.ts")).state;
  await startEngine({ backend: "tensorflow" });
  const count = () => native!.runtime.getNumOfTensors();
  const x = tf.ones([2000]);
  const table = tf.range(0, 2000), add = compile((x: tf.Tensor) => tf.add(x, table));
  assertClose(add(x).dataSync().slice(0, 3), [1, 2, 3]);
  table.dispose();
  assertClose(add(x).dataSync().slice(0, 3), [1, 2, 3]); // the memory is still there
  const held = count();
  add.dispose();
  assertEquals(count(), held - 1, "the capture went with the function");
  assertThrows(() => add(x)); // a new trace finds the table gone
});

Deno.test("a trace that fails frees what it captured, and the engine works on", async () => {
  const { native } = (await import("../../../lib/engine/state.ts")).state;
  await startEngine({ backend: "tensorflow" });
  const table = tf.range(0, 2000), variable = tf.variable(tf.scalar(1)), x = tf.ones([2000]);
  const fails = compile((x: tf.Tensor) => {
    variable.assign(tf.sum(tf.add(x, table)));
    throw new Error("stopped");
  });
  assertThrows(() => fails(x), Error, "stopped"); // everything that it reads is TensorFlow's now
  const before = native!.runtime.getNumOfTensors();
  for (let i = 0; i < 3; i++) assertThrows(() => fails(x), Error, "stopped");
  assertEquals(native!.runtime.getNumOfTensors(), before);
  assertEquals(variable.dataSync()[0], 1);
  assertEquals(tf.add(x, 1).dataSync()[0], 2);
});

Deno.test("a compiled function tells how many ops it runs, and none where nothing is traced", async () => {
  await startEngine({ backend: "tensorflow" });
  const short = compile((x: tf.Tensor) => tf.neg(x)),
    long = compile((x: tf.Tensor) => tf.neg(tf.exp(tf.tanh(x))));
  assertEquals([short.ops, short.traces], [0, 0]);
  const x = tf.tensor1d([1, 2]);
  tf.dispose([short(x), long(x)]);
  assertEquals([short.traces, long.traces, long.ops - short.ops], [1, 1, 2]);
  short.dispose();
  long.dispose();
  await startEngine({ backend: "cpu" });
  const plain = compile((x: tf.Tensor) => tf.neg(x));
  plain(tf.tensor1d([1])).dispose();
  assertEquals([plain.ops, plain.traces], [0, 0]);
});

Deno.test("a compiled function tells variables apart that began with one value", async () => {
  await startEngine({ backend: "tensorflow" });
  const start = tf.tensor1d([1, 2]), a = tf.variable(start), b = tf.variable(start);
  b.assign(a.clone() as tf.Tensor1D); // they share one value of TensorFlow's
  const weighted = compile(() => tf.add(tf.mul(a, 10), b));
  assertEquals([...weighted().dataSync()], [11, 22]);
  a.assign(tf.tensor1d([3, 4]));
  assertEquals([...weighted().dataSync()], [31, 42]);
  b.assign(tf.tensor1d([5, 6]));
  assertEquals([...weighted().dataSync()], [35, 46]);
  weighted.dispose();
  tf.dispose([start, a, b]);
});
