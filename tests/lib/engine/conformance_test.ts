/**
 * A machine that finds where a backend gives another number: random ops and layers with random inputs and settings,
 * values and gradients on tensorflow, compiled or not, wasm and cpu; layers cut into shards as well. A failure prints the case, to be made a test of its own.
 *
 * `CONFORMANCE_CASES=50 deno test -A tests/lib/engine/conformance_test.ts` draws 50 of every family instead of 6, and
 * `CONFORMANCE_SEED` draws others.
 * @module
 */
import { compile, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert } from "../../assert.ts";
import { Draw, type OpCase } from "./_draw.ts";
import { LAYER_FAMILIES } from "./_layer_cases.ts";
import { OP_FAMILIES } from "./_op_cases.ts";
import { type Result, trainLayer, weightsLike } from "./_train_layer.ts";

const BACKENDS = ["tensorflow", "cpu", "wasm"] as const;
const CASES = Number(Deno.env.get("CONFORMANCE_CASES") ?? 6);
const SEED = Number(Deno.env.get("CONFORMANCE_SEED") ?? 1);

/** A result as plain numbers. */
function evaluate({ inputs, run, smooth }: OpCase, compiled: boolean): Result[] {
  const xs = inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
  const floats = xs.flatMap(({ dtype }, i) => dtype === "float32" ? [i] : []);
  const work = (...given: tf.Tensor[]): tf.Tensor[] => {
    const y = run(...given);
    if (!smooth) return [y];
    const slopes = tf.grads((...moving: tf.Tensor[]) => {
      const all = given.map((x, i) => floats.includes(i) ? moving[floats.indexOf(i)] : x);
      const value = run(...all);
      return tf.sum(tf.mul(value, weightsLike(value)));
    })(floats.map((i) => given[i]));
    return [y, ...slopes];
  };
  const fn = compiled ? compile(work) : Object.assign(work, { dispose: () => {} });
  const tensors = tf.tidy(() => fn(...xs));
  const results = tensors.map((tensor) => ({
    dtype: tensor.dtype,
    shape: tensor.shape,
    values: tensor.dataSync(),
  }));
  fn.dispose();
  tf.dispose([xs, tensors]);
  return results;
}

/** What differs, or undefined. */
function difference(actual: Result, expected: Result): string | undefined {
  if (actual.dtype !== expected.dtype) return `${actual.dtype}, not ${expected.dtype}`;
  if (`${actual.shape}` !== `${expected.shape}`) return `shape [${actual.shape}], not [${expected.shape}]`;
  const scale = Array.from(expected.values).filter(Number.isFinite).reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    0.1,
  );
  for (let i = 0; i < expected.values.length; i++) {
    const [a, e] = [actual.values[i], expected.values[i]];
    if (!Object.is(a, e) && !(Math.abs(a - e) <= 1e-4 * scale)) return `${a}, not ${e}, at ${i}`;
  }
}

async function compare(test: OpCase): Promise<string[]> {
  const faults: string[] = [];
  await startEngine({ backend: "tensorflow" });
  const expected = evaluate(test, false);
  for (const where of ["compiled", "cpu", "wasm"] as const) {
    if (where !== "compiled") await startEngine({ backend: where });
    const actual = evaluate(test, where === "compiled");
    actual.forEach((result, i) => {
      const found = difference(result, expected[i]);
      if (found) faults.push(`${where}${i > 0 ? `, gradient ${i - 1}` : ""}: ${found}`);
    });
  }
  return faults;
}

for (const backend of BACKENDS) await startEngine({ backend });

let family = 0;
for (const [name, draw] of OP_FAMILIES) {
  const seed = SEED * 100_000 + 1000 * family++;
  Deno.test(`${name} gives the same values and gradients on every backend, compiled or not`, async () => {
    for (let i = 0; i < CASES; i++) {
      const test = draw(new Draw(seed + i));
      const shapes = test.inputs.map(({ dtype, shape }) => `[${shape}] ${dtype}`).join(", ");
      const faults = await compare(test);
      assert(faults.length === 0, `${test.name} of ${shapes}, seed ${seed + i}:\n${faults.join("\n")}`);
    }
  });
}

/** By name of the way: the backend, how many shards, and whether the step is compiled. */
const WAYS = {
  "tensorflow in two shards": ["tensorflow", 2, false],
  "compiled in three shards": ["tensorflow", 3, true],
  "cpu": ["cpu", 1, false],
  "cpu in two shards": ["cpu", 2, false],
  "wasm": ["wasm", 1, false],
} as const;

Object.entries(LAYER_FAMILIES).forEach(([name, draw], family) => {
  const seed = SEED * 100_000 + 50_000 + 1000 * family;
  Deno.test(`layer ${name} trains alike on every backend, compiled or not, and in shards`, async () => {
    for (let i = 0; i < Math.ceil(CASES / 2); i++) {
      const layer = draw(new Draw(seed + i));
      await startEngine({ backend: "tensorflow" });
      const expected = trainLayer(layer, new Draw(seed + i), { shards: 1 });
      for (const [way, [backend, shards, compiled]] of Object.entries(WAYS)) {
        await startEngine({ backend });
        const actual = trainLayer(layer, new Draw(seed + i), { shards, compiled });
        const faults = actual.flatMap((result, part) => difference(result, expected[part]) ?? []);
        assert(faults.length === 0, `${layer.name}, seed ${seed + i}, ${way}:\n${faults.join("\n")}`);
      }
    }
  });
});
