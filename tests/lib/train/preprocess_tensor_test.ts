import { compile, startEngine } from "../../../lib/engine/mod.ts";
import {
  parsePreprocessing,
  preprocess,
  primitiveOps,
  regionOf,
  shapeAfter,
  STEP_NAMES,
} from "../../../lib/image/preprocessing/mod.ts";
import { preprocessTensor } from "../../../lib/train/preprocess_tensor.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";
import { type InputCard, prepareInput } from "../../../lib/score/prepare.ts";
import { fromImage } from "../../../lib/score/raw_array.ts";
import { decodePng, encodePng } from "../../../lib/io/png.ts";
import { type RandomCase, randomCase } from "../image/preprocessing/_random_steps.ts";

const CASES = 150;

const ALL_WAYS = [false, true].flatMap((cumulative) =>
  [false, true].flatMap((removeEmpty) =>
    ["drop", "clamp"].flatMap((outside) =>
      ["energy", "both"].map((channels) => [cumulative, removeEmpty, outside, channels] as const)
    )
  )
);

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  Deno.test(`preprocessTensor() agrees with preprocess() on random steps and pictures (${backend})`, async () => {
    const tf = await startEngine({ backend });
    const seen = new Set<string>();
    for (let seed = 0; seed < CASES; seed++) {
      const { pixels, white, steps } = randomCase(seed);
      steps.forEach(({ op }) => seen.add(op));
      const expected = preprocess(steps, pixels, { white });
      const ops = primitiveOps(steps, pixels.shape, { white });
      const before = tf.memory().numTensors;
      const two = Float32Array.from(
        [...pixels.data, ...pixels.data].map((v, i) => i < pixels.data.length ? v : -v),
      );
      const x = tf.tensor(two, [2, ...pixels.shape]), y = preprocessTensor(ops, x);
      const example = tf.tidy(() => tf.slice(y, [0], [1]).dataSync<"float32">());
      assertEquals(y.shape, [2, ...expected.shape], `seed ${seed}`);
      assertClose(example, expected.data, 2e-6, `seed ${seed}: ${JSON.stringify(steps)}`, 1);
      tf.dispose([x, y]);
      assertEquals(tf.memory().numTensors, before, "nothing is left behind");
    }
    assertEquals([...seen].sort(), [...STEP_NAMES].sort(), "every kind of step was drawn");
  });

  Deno.test(`preprocessTensor() keeps NaN in a window and takes it for the least in bandLimits (${backend})`, async () => {
    const tf = await startEngine({ backend });
    const pixels = { data: Float32Array.of(NaN, -1, 0.5, 2, Infinity, -Infinity), shape: [1, 6, 1] };
    for (const step of [{ op: "window", low: 0, high: 1 }, { op: "bandLimits", min: [0], max: [1] }]) {
      const steps = parsePreprocessing([step]);
      const expected = preprocess(steps, pixels, { white: 1 }).data;
      const ops = primitiveOps(steps, pixels.shape, { white: 1 });
      const y = preprocessTensor(ops, tf.tensor(pixels.data, [1, ...pixels.shape]));
      assertEquals(y.dataSync<"float32">(), expected, step.op);
    }
  });
}

for (const backend of ["tensorflow", "wasm", "cpu"] as const) {
  Deno.test(`preprocessTensor() sorts hits by time as preprocess() does, whatever they are (${backend})`, async () => {
    const tf = await startEngine({ backend });
    const odd = [NaN, Infinity, -Infinity, -0.1, 0.1, 0, 0.098, Math.fround(-0.1 + 5 * 0.0099), 3];
    const data = Float32Array.from(odd.flatMap((energy) => odd.flatMap((time) => [energy, time])));
    const shape = [odd.length, odd.length, 2];
    for (const like of ["right", "document"]) {
      for (const [cumulative, removeEmpty, outside, channels] of ALL_WAYS) {
        if (like === "document" && outside === "clamp") continue;
        const step = {
          op: "timeOrder",
          minTime: -0.1,
          maxTime: 0.1,
          like,
          cumulative,
          removeEmpty,
          outside,
          channels,
        };
        const steps = parsePreprocessing([step]),
          expected = preprocess(steps, { data, shape }, { white: NaN });
        const ops = primitiveOps(steps, shape, { white: NaN });
        const y = preprocessTensor(ops, tf.tensor(data, [1, ...shape]));
        assertEquals(y.shape, [1, ...expected.shape]);
        const differing = y.dataSync<"float32">().findIndex((value, i) => value !== expected.data[i]);
        assertEquals(differing, -1, JSON.stringify(step));
      }
    }
  });
}

/** A card of one input of a case, as scoring knows it. */
function cardOf({ steps, pixels }: RandomCase): InputCard {
  const shape = shapeAfter(steps, pixels.shape);
  const input = { name: "image", shape: [...shape], dtype: "float32" as const, units: "" };
  return {
    name: "random",
    inputs: [{ ...input, kind: shape[2] === 1 ? "picture" : "bands" }],
    preprocessing: steps,
  };
}

Deno.test("what training's step makes of the part that a decoder reads is what scoring makes of the whole file", async () => {
  const tf = await startEngine({ backend: "tensorflow" });
  let compared = 0, cut = 0;
  for (let seed = 0; seed < 1500; seed++) {
    const drawn = randomCase(seed), { pixels: { data, shape }, white, steps } = drawn;
    if (data instanceof Float32Array || shape.length !== 3 || (shape[2] !== 1 && shape[2] !== 3)) continue;
    const [height, width, channels] = shape;
    const file = encodePng({ data, height, width, channels: channels as 1 }, { level: 1, filter: "none" });
    const card = cardOf(drawn), scored = prepareInput(card, card.inputs[0], fromImage(decodePng(file))).data;
    const { rows, columns, applied } = regionOf(steps, shape), part = decodePng(file, { rows, columns });
    const read = [part.height, part.width, part.channels],
      ops = primitiveOps(steps.slice(applied), read, { white });
    const trained = tf.tidy(() =>
      preprocessTensor(ops, tf.tensor(Float32Array.from(part.data), [1, ...read])).dataSync<"float32">()
    );
    const scale = scored.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    assertClose(trained, scored, 2e-6, `seed ${seed}: ${JSON.stringify(steps)}`, scale);
    compared++;
    if (part.data.length < data.length) cut++;
  }
  assert(compared > 200 && cut > 50, `compared ${compared}, of which ${cut} read a part`);
});

Deno.test("preprocessTensor() can be compiled, and takes bytes as they are held", async () => {
  const tf = await startEngine({ backend: "tensorflow" });
  const steps = parsePreprocessing([
    { op: "grey" },
    { op: "resize", height: 5, width: 4 },
    { op: "removeHotPixels", above: 2 },
    { op: "invertIfBright" },
    { op: "scale", factor: 1 / 255 },
  ]);
  const data = Uint8Array.from({ length: 6 * 6 * 3 }, (_, i) => i * 7 % 256), shape = [6, 6, 3];
  const ops = primitiveOps(steps, shape, { white: 255 });
  const step = compile((x: typeof tf.Tensor.prototype) => preprocessTensor(ops, x));
  const y = step(tf.tensor(data, [1, ...shape], "int32"));
  assertEquals(y.dtype, "float32");
  assertClose(y.dataSync(), preprocess(steps, { data, shape }, { white: 255 }).data, 1e-6);
});

Deno.test("preprocessTensor() of no steps is a tensor of its own", async () => {
  const tf = await startEngine({ backend: "cpu" });
  const x = tf.tensor1d([1]), y = preprocessTensor([], x);
  x.dispose();
  assert(!y.isDisposed);
  assertEquals([...y.dataSync()], [1]);
});
