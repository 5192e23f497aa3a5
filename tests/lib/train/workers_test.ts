import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { accuracy, crossEntropy, fit } from "../../../lib/train/mod.ts";
import { batches } from "../../../lib/train/order.ts";
import { ownRows } from "../../../lib/train/together.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { effectiveWeights } from "./_effective_weights.ts";
import { STEP_KINDS } from "./_toy_tasks.ts";
import { trainKind, trainToy, type WorkerWord } from "./_worker_program.ts";
import { startToyWorkers, type WorkerProcess } from "./_workers.ts";
import { linearToy, preprocessing, toySource, weightsOf } from "./_toy.ts";

await startEngine({ backend: "tensorflow" });

type Whole = Extract<WorkerWord, { ending: string }>;

/** What all workers say at the end of each training, [training][worker]. */
async function allEnds(workers: readonly WorkerProcess[]): Promise<Whole[][]> {
  await Promise.all(workers.map(({ status }) => status));
  const ends = workers.map(({ words }) => words.filter((word) => "ending" in word));
  return ends[0].map((_, training) => ends.map((words) => words[training]));
}

Deno.test("fit() by three workers learns what one does, uneven batches, moments and metrics included", async () => {
  // 13 batches an epoch, the last of a single example, which two of the workers do not have
  const order = { epochs: 2, batch: 5, examples: 61, stream: true };
  const parts = { epochs: 2, batch: 16, examples: 41, linear: true, accumulate: 2 };
  const apart = { epochs: 1, batch: 6, examples: 6, syncBatchNorm: false };
  const drawn = { epochs: 2, batch: 16, examples: 200 };
  const kinds = STEP_KINDS.map((kind) => ({ ...drawn, kind }));
  const workers = startToyWorkers(3, { ...order, then: [parts, apart, ...kinds] });
  const alone = trainToy(order), history = await alone.history;
  const [words, inParts, ofEach, ...ofKinds] = await allEnds(workers);
  for (const { steps, weights, epochs, threads: [early, late] } of words) {
    assertEquals(steps, 26);
    assert(late - early < 18, `no step leaves a thread: ${early} early, ${late} late`);
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

  const whole = trainToy({ ...parts, accumulate: 1 });
  await whole.history;
  for (const { weights } of inParts) assertClose(weights, weightsOf(whole.model), 1e-5, "in two parts each");

  // Where each worker takes the moments of its own two examples, all end with the mean of what each would have by itself.
  const [batch] = batches(6, 6, { seed: 0, epoch: 0 }), CHANNELS = 4;
  const moved = (weights: readonly number[]) => weights.slice(-2 * CHANNELS);
  const own: number[][] = [];
  for (let rank = 0; rank < 3; rank++) {
    const { model, history } = trainToy({ ...apart, batch: 2, rows: ownRows(batch, { rank, workers: 3 }) });
    await history;
    own.push(moved(weightsOf(model)));
  }
  const means = own[0].map((_, i) => (own[0][i] + own[1][i] + own[2][i]) / 3);
  for (const [i, kind] of STEP_KINDS.entries()) {
    const { models, history } = trainKind(kind, drawn, { shards: 3 });
    await history;
    for (const { weights } of ofKinds[i]) assertClose(weights, models.flatMap(effectiveWeights), 1e-4, kind);
  }
  for (const { weights } of ofEach) assertClose(moved(weights), means, 1e-5, "moments of each worker's own");
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
    const model = linearToy();
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
