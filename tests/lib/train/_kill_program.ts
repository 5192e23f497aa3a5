/**
 * A training run to be killed: `deno run -A _kill_program.ts FOLDER`. Goes on from the checkpoint in the folder, where
 * there is one, prints a line a step, and at its end writes the weights to `weights` in the folder.
 * @module
 */
import { join } from "@std/path";
import { subset } from "../../../lib/data/source.ts";
import { startEngine } from "../../../lib/engine/mod.ts";
import { accuracy, adam, cosine, crossEntropy, csvLog, fit } from "../../../lib/train/mod.ts";
import { preprocessing, toyModel, toySource, weightsOf } from "./_toy.ts";

const [folder] = Deno.args;
await startEngine({ backend: "tensorflow" });
const source = toySource(200), model = toyModel();
await fit(model, source, {
  loss: crossEntropy(),
  metrics: [accuracy()],
  epochs: 12,
  batch: 16,
  preprocessing,
  augmentation: [{ op: "shift", most: 1 }, { op: "rotate", degrees: 5 }, { op: "flip", horizontal: true }],
  optimizer: adam(),
  schedule: cosine(0.01),
  emaMomentum: 0.95,
  validation: subset(source, Uint32Array.of(1, 2, 3, 4, 5)),
  shards: 1,
  callbacks: [csvLog(join(folder, "history.csv"))],
  checkpoint: { path: join(folder, "state.safetensors"), everySeconds: 0.02 },
  resume: true,
  reportMs: 0,
  onBatch: ({ step }) => console.log(step),
});
await Deno.writeFile(join(folder, "weights"), new Uint8Array(Float32Array.from(weightsOf(model)).buffer));
