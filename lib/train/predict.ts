/** A model's outputs on a source: compiled, batch by batch. @module */
import { heedStop } from "../base/stop_button.ts";
import { applySharded, builtModel, compile, engineReport, tf } from "../engine/mod.ts";
import type { NdArray, Source } from "../data/source.ts";
import { checkModel, checkSource } from "./arguments.ts";
import { createBatches, type Preparation } from "./batch.ts";
import { orderInputs } from "./model_inputs.ts";
import { batches as cutBatches } from "./order.ts";
import { createTurns } from "./turn_taking.ts";

/** Options for {@linkcode predict}. */
export interface PredictOptions extends Pick<Preparation, "preprocessing"> {
  /** Examples a call. @default {256} */
  batch?: number;
  /** Parts of a batch that are worked on side by side. @default {one a thread of the engine} */
  shards?: number;
  /** Ends the work after the batch at hand. */
  signal?: AbortSignal;
}

/** Outputs by name, [examples, …]. */
export type Predictions = Record<string, NdArray<Float32Array>>;

/**
 * The outputs of a model for a source's examples, batch by batch, in the source's order; targets are not needed.
 *
 * @throws {TypeError} If there is no model or no source, or they do not fit each other.
 * @throws {DOMException} `AbortError` if the signal was raised.
 */
export async function* predictBatches(
  model: tf.LayersModel,
  source: Source,
  options: PredictOptions = {},
): AsyncGenerator<Predictions> {
  const { backend, threads } = engineReport();
  // Other backends than the native one run one op after the other, however many threads an op has.
  const { batch = 256, preprocessing, shards = backend === "tensorflow" ? threads : 1 } = options;
  if (!(Number.isInteger(shards) && shards >= 1)) {
    throw new RangeError(`Cannot predict as shards must be a whole number of at least 1: got ${shards}`);
  }
  checkModel(model, "predict");
  checkSource(source, "predict");
  using stop = heedStop(options.signal);
  builtModel(model);
  const batches = createBatches({ ...source, targets: {}, ...withoutTargets(source) }, { preprocessing });
  const step = compile((...tensors: tf.Tensor[]) => {
    const parts = batches.parts(tensors, { shards, training: false });
    const outputs = applySharded(model, parts.map(({ inputs }) => orderInputs(model, inputs)));
    return model.outputNames.map((_, output) => {
      const shares = outputs.map((shard) => shard[output]);
      return shares.length === 1 ? shares[0] : tf.concat(shares, 0);
    });
  });
  try {
    const turn = createTurns();
    for await (const { tensors } of batches.feed(cutBatches(source.size, batch, { shuffle: false }))) {
      const outputs = step(...tensors);
      tf.dispose(tensors);
      const predictions: Predictions = {};
      for (const [i, output] of outputs.entries()) {
        predictions[model.outputNames[i]] = { data: await output.data<"float32">(), shape: output.shape };
      }
      tf.dispose(outputs);
      yield predictions;
      await turn();
      stop.signal?.throwIfAborted();
    }
  } finally {
    step.dispose();
    batches.dispose();
  }
}

/** The same source without its targets and weights, which prediction has no use for. */
function withoutTargets({ held, read }: Source): Pick<Source, "held" | "read" | "weighted"> {
  return {
    weighted: false,
    held: held && { ...held, targets: {}, weight: undefined },
    read: async (indices) => ({ inputs: (await read(indices)).inputs, targets: {} }),
  };
}

/**
 * The outputs of a model for every example, in the source's order.
 *
 * @returns For each output of the model, by name, its values [size, …].
 * @throws {TypeError} If there is no model or no source, or they do not fit each other.
 * @throws {DOMException} `AbortError` if the signal was raised.
 * @example
 * ```ts
 * import { fromArrays } from "../data/source.ts";
 * import { startEngine } from "../engine/mod.ts";
 * import { predict } from "./predict.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const layer = tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "ones", name: "sum" });
 * const source = fromArrays({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
 * (await predict(tf.sequential({ layers: [layer] }), source)).sum.data; // 3, 7
 * ```
 */
export async function predict(
  model: tf.LayersModel,
  source: Source,
  options: PredictOptions = {},
): Promise<Predictions> {
  const all: Predictions = {};
  let done = 0;
  for await (const some of predictBatches(model, source, options)) {
    let count = 0;
    for (const [name, { data, shape }] of Object.entries(some)) {
      const width = data.length / shape[0];
      all[name] ??= { data: new Float32Array(source.size * width), shape: [source.size, ...shape.slice(1)] };
      all[name].data.set(data, done * width);
      count = shape[0];
    }
    done += count;
  }
  return all;
}
