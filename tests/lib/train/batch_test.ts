/** From a source to the examples of a step: how far is read ahead, what is cut, prepared, kept and let go. */
import type { Batch, Source } from "../../../lib/data/source.ts";
import { fromArrays, subset } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { parsePreprocessing } from "../../../lib/image/preprocessing/mod.ts";
import { createBatches, type Examples, stepsByInput } from "../../../lib/train/batch.ts";
import { runEvaluation } from "../../../lib/train/evaluation.ts";
import { predict, predictBatches } from "../../../lib/train/predict.ts";
import { createTotals } from "../../../lib/train/totals.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });

const rowsOf = (...batches: number[][]) => batches.map((rows) => Uint32Array.from(rows));
const numbers = (tensor: tf.Tensor) => [...tensor.dataSync<"float32">()];

/** Eight examples of two numbers each, with class and weight. */
function held(): Source {
  return fromArrays(
    { data: Uint8Array.from({ length: 16 }, (_, i) => i), shape: [8, 2] },
    { data: Int32Array.from({ length: 8 }, (_, i) => 10 * i), shape: [8] },
    { weight: Float32Array.from({ length: 8 }, (_, i) => i / 8) },
  );
}

/** The same, read on demand. */
function streamed(): Source {
  const { held: _, ...source } = held();
  return source;
}

/** What a step would see of some batches. */
async function seen(source: Source, rows: Uint32Array[], options = {}, shards = 1) {
  const batches = createBatches(source, options), all: Examples[][] = [];
  for await (const { tensors } of batches.feed(rows)) {
    all.push(batches.parts(tensors, { shards, training: true }));
  }
  batches.dispose();
  return all;
}

Deno.test("createBatches() gathers the same examples from memory and from a stream, in the order asked for", async () => {
  for (const source of [held(), streamed()]) {
    const [[first], [second]] = await seen(source, rowsOf([3, 0], [7]));
    assertEquals(first.inputs.image.dtype, "float32");
    assertEquals([first.targets.label.dtype, first.targets.label.shape], ["int32", [2]]);
    assertEquals(numbers(first.inputs.image), [6, 7, 0, 1]);
    assertEquals([...first.targets.label.dataSync()], [30, 0]);
    assertEquals(numbers(first.weight!), [0.375, 0]);
    assertEquals([numbers(second.inputs.image), second.inputs.image.shape], [[14, 15], [1, 2]]);
  }
  const part = await seen(subset(held(), Uint32Array.of(5, 6)), rowsOf([1, 0]));
  assertEquals(numbers(part[0][0].inputs.image), [12, 13, 10, 11]);
});

Deno.test("createBatches() cuts a batch into shards in order, no more than there are examples", async () => {
  for (const source of [held(), streamed()]) {
    const [parts] = await seen(source, rowsOf([0, 1, 2, 3, 4]), {}, 2);
    assertEquals(parts.map(({ targets }) => [...targets.label.dataSync()]).flat(), [0, 10, 20, 30, 40]);
    assertEquals(parts.length, 2);
    assertEquals((await seen(source, rowsOf([0, 1]), {}, 4))[0].length, 2);
  }
});

Deno.test("createBatches() reads three batches ahead, and no more", async () => {
  const asked: number[] = [], source = streamed();
  const counted: Source = {
    ...source,
    read: (indices) => {
      asked.push(indices[0]);
      return source.read(indices);
    },
  };
  const batches = createBatches(counted);
  const feed = batches.feed(rowsOf([0], [1], [2], [3], [4], [5], [6], [7]));
  assertEquals(asked, []);
  for (const ahead of [4, 5, 6, 7, 8, 8, 8, 8]) {
    const { value } = await feed.next();
    tf.dispose(value!.tensors);
    assertEquals(asked.length, ahead, "one in use and three on their way");
  }
  assertEquals([(await feed.next()).done, asked], [true, [0, 1, 2, 3, 4, 5, 6, 7]]);
});

Deno.test("createBatches() tells a failed read when its turn comes", async () => {
  const source = streamed();
  const failing: Source = {
    ...source,
    read: (indices) => indices[0] === 1 ? Promise.reject(new Error("cut off")) : source.read(indices),
  };
  const feed = createBatches(failing).feed(rowsOf([0], [1], [2]));
  tf.dispose((await feed.next()).value!.tensors);
  await assertRejects(() => feed.next(), Error, "cut off");
});

Deno.test("createBatches() refuses a stream's batch that is not what the source says", async () => {
  const source = streamed();
  const giving = (change: (batch: Batch) => Batch): Source => ({
    ...source,
    read: async (indices) => change(await source.read(indices)),
  });
  const short = (batch: Batch) => ({
    ...batch,
    inputs: { image: { data: Uint8Array.of(1, 2, 3), shape: [2, 2] } },
  });
  const cases: [(batch: Batch) => Batch, string][] = [
    [short, '"image" must have 4 values: got 3'],
    [(batch) => ({ ...batch, targets: {} }), '"label" must have 2 values: got none'],
    [({ weight: _, ...batch }) => batch, '"weight" must have 2 values: got none'],
  ];
  for (const [change, words] of cases) {
    await assertRejects(() => createBatches(giving(change)).feed(rowsOf([0, 1])).next(), RangeError, words);
  }
});

Deno.test("createBatches() prepares what reading has not done, per input", async () => {
  const steps = parsePreprocessing([{ op: "scale", factor: 2 }, { op: "scale", factor: 10 }]);
  const image = { data: Float32Array.of(1, 2), shape: [2, 1, 1, 1] };
  const both = fromArrays({ a: image, b: image }, {}, { applied: { b: 1 } });
  const [[{ inputs }]] = await seen(both, rowsOf([0, 1]), { preprocessing: { a: steps, b: steps } });
  assertEquals([numbers(inputs.a), numbers(inputs.b)], [[20, 40], [10, 20]]);
  const [[{ inputs: only }]] = await seen(both, rowsOf([0, 1]), { preprocessing: { a: steps } });
  assertEquals(numbers(only.b), [1, 2]);
});

Deno.test("stepsByInput() takes one list for one input, and names the inputs that there are", () => {
  const steps = parsePreprocessing([{ op: "scale", factor: 2 }]);
  assertEquals(stepsByInput(["image"], steps), { image: steps });
  assertEquals(stepsByInput(["a", "b"], { b: steps }), { b: steps });
  assertEquals(stepsByInput(["a", "b"], []), { a: [] });
  assertThrows(() => stepsByInput(["a", "b"], steps), TypeError, "give a list each for a, b");
  assertThrows(() => stepsByInput(["a"], { b: steps }), TypeError, 'input "b" as the source has a');
});

Deno.test("createBatches() moves what is to follow an augmentation, in training only, and the same whatever the shards", async () => {
  const image = { data: Float32Array.from({ length: 4 * 25 }, (_, i) => i % 25), shape: [4, 5, 5, 1] };
  const mask = { ...image, shape: [4, 5, 5] };
  const source = fromArrays({ image }, { mask, kept: mask });
  const options = {
    augmentation: [{ op: "flip", horizontal: true }] as const,
    augmented: { image: "image", mask: "mask" } as const,
  };
  for (const shards of [1, 3]) {
    const parts = (await seen(source, rowsOf([0, 1, 2, 3]), options, shards))[0];
    const all = (pick: (part: Examples) => tf.Tensor) => parts.flatMap((part) => numbers(pick(part)));
    assertEquals(all(({ targets }) => targets.mask), all(({ inputs }) => inputs.image));
    assertEquals(all(({ targets }) => targets.kept), [...image.data]);
  }
  const batches = createBatches(source, options);
  const { value } = await batches.feed(rowsOf([0])).next();
  const [still] = batches.parts(value!.tensors, { shards: 1, training: false });
  assertEquals(numbers(still.inputs.image), [...image.data.subarray(0, 25)]);
  batches.dispose();
  // where nothing is said, every image moves: ten draws of four flips are not all the same
  const moved = await seen(source, rowsOf(...Array(10).fill([0, 1, 2, 3])), {
    augmentation: [{ op: "flip", horizontal: true }],
  });
  assert(moved.some(([{ inputs }]) => numbers(inputs.image).some((value, i) => value !== image.data[i])));
  assertThrows(
    () => createBatches(source, { ...options, augmented: { picture: "image" } }),
    TypeError,
    'Cannot augment "picture" as the source has image, mask, kept',
  );
});

Deno.test("createBatches() shows every batch of a stream to a check, and what is in memory once", async () => {
  const looks: number[][] = [];
  const check = ({ targets }: Batch, indices: Uint32Array) => {
    looks.push([targets.label.shape[0], ...indices]);
  };
  await seen(streamed(), rowsOf([1, 2], [3]), { check });
  assertEquals(looks, [[2, 1, 2], [1, 3]]);
  looks.length = 0;
  await seen(held(), rowsOf([1, 2], [3]), { check });
  assertEquals(looks, [[8, 0, 1, 2, 3, 4, 5, 6, 7]]);
  looks.length = 0;
  await seen(subset(held(), Uint32Array.of(4, 2)), rowsOf([0]), { check });
  assertEquals(looks, [[8, 4, 2]]);
});

Deno.test("createBatches() keeps arrays once for all sources that share them, until the last is done", async () => {
  await startEngine({ backend: "tensorflow" });
  const source = held(), before = tf.memory().numTensors;
  const [first, second] = [createBatches(source), createBatches(subset(source, Uint32Array.of(7)))];
  first.dispose();
  first.dispose();
  const { value } = await second.feed(rowsOf([0])).next();
  const [part] = second.parts(value!.tensors, { shards: 1, training: false });
  assertEquals(numbers(part.inputs.image), [14, 15], "still there for the second");
  second.dispose();
  assertThrows(() => second.parts(value!.tensors, { shards: 1, training: false }), Error, "was disposed");
  const again = createBatches(source);
  const one = await again.feed(rowsOf([1])).next();
  assertEquals(numbers(again.parts(one.value!.tensors, { shards: 1, training: false })[0].inputs.image), [
    2,
    3,
  ]);
  again.dispose();
  tf.dispose([value!.tensors, one.value!.tensors]);
  assert(tf.memory().numTensors - before < 20);
  await startEngine({ backend: "cpu" });
});

/** Gives back twice its input; the names of two outputs. */
function doubling(): tf.LayersModel {
  const kernel = tf.initializers.identity({ gain: 2 });
  const input = tf.input({ shape: [2], name: "in" });
  const layer = (name: string, gain: number) =>
    tf.layers.dense({
      units: 2,
      name,
      useBias: false,
      kernelInitializer: gain === 2 ? kernel : tf.initializers.identity({ gain }),
    }).apply(input) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: [layer("twice", 2), layer("minus", -1)] });
}

Deno.test("predict() gives every output by name in the source's order, whatever batch, shards and source", async () => {
  const expected = Array.from({ length: 16 }, (_, i) => 2 * i);
  for (const source of [held(), streamed()]) {
    for (const [batch, shards] of [[3, 1], [8, 3], [undefined, 2], [1, 1]]) {
      const { twice, minus } = await predict(doubling(), source, { batch, shards });
      assertEquals([[...twice.data], twice.shape], [expected, [8, 2]]);
      assertEquals([...minus.data].map((value) => -2 * value + 0), expected);
    }
  }
});

Deno.test("predict() asks a stream for inputs alone, in batches of 256 where nothing is said", async () => {
  const source = streamed(), sizes: number[] = [];
  const inputsOnly: Source = {
    ...source,
    size: 300,
    read: async (indices) => {
      sizes.push(indices.length);
      return { inputs: (await source.read(indices.map((i) => i % 8))).inputs, targets: {} };
    },
  };
  const { twice } = await predict(doubling(), inputsOnly);
  assertEquals([sizes, twice.shape], [[256, 44], [300, 2]]);
});

Deno.test("predict() needs no labels", async () => {
  for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
    await startEngine({ backend });
    const { twice } = await predict(
      doubling(),
      fromArrays({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }),
    );
    assertEquals([[...twice.data], twice.shape], [[2, 4, 6, 8], [2, 2]]);
  }
});

Deno.test("predict() stops after the batch at hand, and leaves nothing behind", async () => {
  const model = doubling(), source = held(), before = tf.memory().numTensors;
  const stop = new AbortController();
  let batches = 0;
  const all = async () => {
    for await (const _ of predictBatches(model, source, { batch: 2, signal: stop.signal })) {
      if (++batches === 2) stop.abort();
    }
  };
  const { name } = await assertRejects(all, DOMException);
  assertEquals([name, batches], ["AbortError", 2]);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("predict() gives back what the engine held for it, at its end and when it is stopped", async () => {
  await startEngine({ backend: "tensorflow" });
  const { native } = (await import("../../../lib/engine/state.ts")).state;
  const model = doubling();
  const used = async () => {
    await predict(model, held());
    for await (const _ of predictBatches(model, held(), { batch: 2 })) break;
    return native!.runtime.getNumOfTensors();
  };
  await used();
  const second = await used();
  assertEquals(await used(), second);
  model.dispose();
  await startEngine({ backend: "cpu" });
});

Deno.test("runEvaluation() measures every example once, in order, and begins anew each time", async () => {
  const source = held(), batches = createBatches(source), totals = createTotals([]);
  const rows: number[][] = [], stop = new AbortController();
  const step = (indices: tf.Tensor) => {
    rows.push([...indices.dataSync<"int32">()]);
    tf.tidy(() => totals.add(tf.scalar(rows.length), indices.size, []));
  };
  const pass = { source, batches, batch: 3, totals, step, signal: stop.signal };
  const before = tf.memory().numTensors;
  assertEquals(await runEvaluation(pass), { loss: (1 * 3 + 2 * 3 + 3 * 2) / 8 });
  assertEquals(rows, [[0, 1, 2], [3, 4, 5], [6, 7]]);
  rows.length = 0;
  assertEquals((await runEvaluation(pass)).loss, 15 / 8);
  rows.length = 0;
  stop.abort();
  const { name } = await assertRejects(() => runEvaluation(pass), DOMException);
  assertEquals([name, rows.length], ["AbortError", 1]);
  await assertRejects(
    () => runEvaluation({ ...pass, source: { ...source, size: 0 } }),
    RangeError,
    "a source without examples",
  );
  assertEquals(tf.memory().numTensors, before);
  batches.dispose();
  totals.dispose();
});
