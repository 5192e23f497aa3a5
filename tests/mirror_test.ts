/**
 * Every file of these rooms has a test of its own name, or is on the list with the test that covers it: a file that nobody
 * tests cannot come in unseen.
 * @module
 */
import { join, normalize } from "@std/path";
import { importsOf, mirrorOf } from "../tasks/mutants/_tests_of.ts";
import { assertEquals } from "./assert.ts";

const root = normalize(join(import.meta.dirname!, ".."));
const ROOMS = ["engine", "train", "store"];

/** Files without a mirror, by the test under tests/lib that covers them. */
const COVERED: Readonly<Record<string, readonly string[]>> = {
  "engine/backends_test.ts": [
    "engine/layers/layer_overrides.ts",
    "engine/native/native_op.ts",
    "engine/native/native_runtime.ts",
    "engine/ops/batch_norm.ts",
    "engine/ops/broadcast_gradients.ts",
    "engine/ops/gradients.ts",
    "engine/ops/losses.ts",
    "engine/ops/native_kernels.ts",
    "engine/ops/replace_gradient.ts",
    "engine/ops/replace_kernel.ts",
  ],
  "engine/compile_test.ts": [
    "engine/native/native_trace.ts",
    "engine/native/native_backend.ts",
    "engine/state.ts",
  ],
  "engine/conformance_test.ts": [
    "engine/layers/convolution_layers.ts",
    "engine/layers/rewrites.ts",
    "engine/native/native_attributes.ts",
    "engine/native/native_types.ts",
    "engine/ops/convolution_gradients.ts",
    "engine/ops/depthwise.ts",
    "engine/ops/dilation.ts",
    "engine/ops/fused.ts",
    "engine/ops/index_gradients.ts",
    "engine/ops/javascript_kernels.ts",
    "engine/ops/pools.ts",
    "engine/ops/resize_gradients.ts",
  ],
  "engine/native/library_test.ts": [
    "engine/native/fetch_library.ts",
    "engine/native/library_cache.ts",
    "engine/native/library_names.ts",
    "engine/native/native_library.ts",
    "engine/native/system_library.ts",
    "engine/native/wheel.ts",
  ],
  "engine/ops/op_values_test.ts": ["engine/ops/einsum.ts", "engine/ops/extreme_gradients.ts"],
  "engine/ops/warp_test.ts": [
    "engine/ops/affine.ts",
    "engine/ops/affine_js.ts",
    "engine/ops/gather_rows.ts",
    "engine/ops/resample.ts",
  ],
  "engine/random/random_test.ts": ["engine/random/random_state.ts"],
  "engine/shards_test.ts": [
    "engine/last_activation.ts",
    "engine/model_graph.ts",
    "engine/ops/pooled_norm.ts",
  ],
  "engine/start_test.ts": [
    "engine/cpu.ts",
    "engine/environment.ts",
    "engine/mod.ts",
    "engine/tf.ts",
    "engine/webgpu.ts",
  ],
  "engine/wasm/wasm_test.ts": [
    "engine/ops/volume_convolution.ts",
    "engine/wasm/wasm_assembler.ts",
    "engine/wasm/wasm_convolution.ts",
    "engine/wasm/wasm_convolution_kernels.ts",
    "engine/wasm/wasm_memory.ts",
    "engine/wasm/wasm_micro.ts",
    "engine/wasm/wasm_plain.ts",
    "engine/wasm/wasm_pool.ts",
    "engine/wasm/wasm_product.ts",
  ],
  "store/store_test.ts": ["store/blobs.ts", "store/integrity_error.ts"],
  "train/batch_test.ts": ["train/evaluation.ts", "train/predict.ts"],
  "train/callback_test.ts": [
    "train/batch_losses.ts",
    "train/csv_log.ts",
    "train/early_stopping.ts",
    "train/turn_taking.ts",
  ],
  "train/fit_test.ts": ["train/mod.ts"],
  "train/losses/losses_test.ts": [
    "train/losses/cosine_similarity.ts",
    "train/losses/focal.ts",
    "train/losses/gaussian_likelihood.ts",
    "train/losses/hinge.ts",
    "train/losses/kl_divergence.ts",
    "train/losses/log_cosh.ts",
    "train/losses/overlap.ts",
    "train/losses/poisson.ts",
    "train/losses/relative.ts",
    "train/losses/weighted_binary_cross_entropy.ts",
  ],
  "train/optimizer_test.ts": [
    "train/adagrad.ts",
    "train/adam.ts",
    "train/adamax.ts",
    "train/lion.ts",
    "train/nadam.ts",
    "train/rmsprop.ts",
    "train/sgd.ts",
  ],
  "train/weights_test.ts": [
    "train/constraints.ts",
    "train/ema.ts",
    "train/model_inputs.ts",
    "train/regularization.ts",
    "train/step.ts",
  ],
};

/** Every file of a folder, by its path from the tree's root. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? filesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
}

const exists = (path: string) => {
  try {
    return Deno.statSync(join(root, path)).isFile;
  } catch {
    return false;
  }
};

/** All files that a file imports, and those that they import. */
function reachedFrom(start: string): Set<string> {
  const reached = new Set<string>(), waiting = [start];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file) || !exists(file)) continue;
    reached.add(file);
    waiting.push(...importsOf(file, Deno.readTextFileSync(join(root, file))));
  }
  return reached;
}

Deno.test("every file of engine, train and store has a test of its name, or one that is named for it", () => {
  const listed = new Set(Object.values(COVERED).flat().map((file) => `lib/${file}`));
  const files = ROOMS.flatMap((room) => filesIn(`lib/${room}`)).filter((file) => file !== "lib/store/mod.ts");
  const untested = files.filter((file) => !exists(mirrorOf(file)) && !listed.has(file));
  assertEquals(untested, [], "write a test, or name the one that covers it");
  const stale = [...listed].filter((file) => !files.includes(file) || exists(mirrorOf(file)));
  assertEquals(stale, [], "these are gone, or have a test of their own");
});

Deno.test("every test that is named for a file reaches it", () => {
  const missed = Object.entries(COVERED).flatMap(([test, files]) => {
    const reached = reachedFrom(`tests/lib/${test}`);
    return files.filter((file) => !reached.has(`lib/${file}`)).map((file) =>
      `${test} does not import ${file}`
    );
  });
  assertEquals(missed, []);
});
