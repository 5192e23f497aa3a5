/**
 * A training run to be killed: `deno run -A _kill_program.ts FOLDER STEP [SLOW]` with STEP `supervised`, `adversarial` or
 * `variational`. After SLOW steps it takes its time for each, so that on a busy machine too it is killed before its end.
 * Goes on from the checkpoint in the folder, where there is one, prints a line a step, and at its end writes
 * the weights to `weights` in the folder.
 * @module
 */
import { join } from "@std/path";
import { startEngine } from "../../../lib/engine/mod.ts";
import { type Callback, cosine, csvLog, fit, type FitOptions } from "../../../lib/train/mod.ts";
import { weightsOf } from "./_toy.ts";
import { type StepKind, toyTask } from "./_toy_tasks.ts";

const [folder, kind, slow = "Infinity"] = Deno.args;
let steps = 0;
const slowDown: Callback = {
  name: "slowDown",
  onBatch: async () => {
    if (++steps <= Number(slow)) return;
    const ms = steps > Number(slow) + 4 ? 600_000 : 8; // it is killed before it ends, however late
    await new Promise((resolve) => setTimeout(resolve, ms));
  },
};
await startEngine({ backend: "tensorflow" });
const { models, source, options } = toyTask(kind as StepKind);
await fit(models, source, {
  ...options,
  epochs: 12,
  batch: 16,
  schedule: cosine(0.01),
  shards: 1,
  callbacks: [csvLog(join(folder, "history.csv")), slowDown],
  checkpoint: { path: join(folder, "state.safetensors"), everySeconds: 0.02 },
  resume: true,
  reportMs: 0,
  onBatch: ({ step }) => console.log(step),
} as FitOptions);
const weights = Object.values(models).flatMap(weightsOf);
await Deno.writeFile(join(folder, "weights"), new Uint8Array(Float32Array.from(weights).buffer));
