import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { accuracy, crossEntropy, fit } from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { trainToy, type WorkerWord } from "./_worker_program.ts";
import { lastWords, startToyWorkers } from "./_workers.ts";
import { preprocessing, SIDE, toySource, weightsOf } from "./_toy.ts";

await startEngine({ backend: "tensorflow" });

type Whole = Extract<WorkerWord, { ending: string }>;

Deno.test("fit() by three workers learns what one does, uneven batches, moments and metrics included", async () => {
  // 13 batches an epoch, the last of a single example, which two of the workers do not have
  const order = { epochs: 2, batch: 5, examples: 61, stream: true };
  const workers = startToyWorkers(3, order);
  const alone = trainToy(order), history = await alone.history;
  const words = await lastWords(workers) as Whole[];
  for (const { steps, weights, epochs } of words) {
    assertEquals(steps, 26);
    assertEquals(weights, words[0].weights, "bit for bit");
    assertEquals(epochs.map(({ loss }) => loss), words[0].epochs.map(({ loss }) => loss));
  }
  assertClose(words[0].weights, weightsOf(alone.model), 1e-4);
  for (const name of ["loss", "accuracy", "validationLoss", "validationAccuracy"]) {
    assertClose(
      words[0].epochs.map((epoch) => epoch[name]),
      history.epochs.map((epoch) => epoch[name]),
      1e-4,
    );
  }
});

Deno.test("fit() ends where a worker is killed, says which, and one worker goes on from its checkpoint", async () => {
  const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state.safetensors`;
  const order = { epochs: 2, batch: 6, examples: 60, checkpoint };
  const [first, second] = startToyWorkers(2, { ...order, tell: true, hold: { rank: 1, step: 4 } });
  await second.reached(4);
  second.child.kill("SIGKILL");
  const { code } = await first.status, last = first.words[first.words.length - 1];
  assertEquals(code, 1);
  assert("lost" in last && last.lost.includes("worker 1 on n1 (process "), JSON.stringify(last));

  const unbroken = trainToy({ ...order, checkpoint: undefined });
  await unbroken.history;
  const rest = trainToy({ ...order, resume: true }), { ending, steps } = await rest.history;
  assertEquals([ending, steps], ["finished", 20]);
  assertClose(weightsOf(rest.model), weightsOf(unbroken.model), 1e-4);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fit() adds up the parts of a batch that are worked on one after another", async () => {
  const trained = async (accumulate: number) => {
    const model = tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [SIDE, SIDE, 1] }),
        tf.layers.dense({
          units: 2,
          kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
          kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
        }),
      ],
    });
    const options = { loss: crossEntropy(), metrics: [accuracy()], epochs: 3, batch: 16, preprocessing };
    const before = tf.memory().numTensors;
    const { epochs, steps } = await fit(model, toySource(41), {
      ...options,
      globalClipNorm: 0.1,
      accumulate,
    });
    assertEquals(tf.memory().numTensors, before);
    return { weights: weightsOf(model), steps, losses: epochs.map(({ loss }) => loss) };
  };
  const [parts, whole] = [await trained(3), await trained(1)];
  assertEquals(parts.steps, whole.steps);
  assertClose(parts.losses, whole.losses, 1e-6);
  assertClose(parts.weights, whole.weights, 1e-6);
});

Deno.test("fit() refuses to cut a batch whose examples are compared with each other", async () => {
  const { history } = trainToy({ epochs: 1, batch: 6, examples: 12, whole: true, accumulate: 2 });
  await assertRejects(
    () => history,
    TypeError,
    "Cannot take a step in 2 parts as its loss compares all examples",
  );
});
