/** What a script without types, or a notebook in a hurry, hands over in place of what is wanted: the words that it gets. */
import { isForeseen } from "../../../lib/base/foreseen.ts";
import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import {
  accuracy,
  adam,
  constant,
  crossEntropy,
  fit,
  type FitOptions,
  predict,
} from "../../../lib/train/mod.ts";
import { assert } from "../../assert.ts";

const array = (shape: number[]) => ({ data: new Float32Array(shape.reduce((a, b) => a * b)), shape });
const source = fromArrays(array([4, 3]), { data: new Int32Array(4), shape: [4] });
const model = (width = 3) => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [width] })] });
/** A value in the place of one of another type. */
const wrong = <T>(value: unknown) => value as T;
const trained = (options: Record<string, unknown>) =>
  fit(model(), source, wrong<FitOptions>({ loss: crossEntropy(), epochs: 1, ...options }));

const MISTAKES: Readonly<Record<string, () => unknown>> = {
  "train as a model of layers is needed: got nothing": () => fit(wrong(undefined), source, wrong({})),
  "train as a model of layers is needed: got an object without fields": () => fit({}, source, wrong({})),
  "train as its examples must be a source, which fromArrays() makes: got nothing": () =>
    fit(model(), wrong(undefined), wrong({})),
  "got an object of data, shape": () => fit(model(), wrong(array([4, 3])), wrong({})),
  "train without a loss": () => fit(model(), source, wrong(undefined)),
  'as a loss must be made, as by crossEntropy(): got the text "mse"': () => trained({ loss: "mse" }),
  "got the function crossEntropy": () => trained({ loss: crossEntropy }),
  "as a metric must be made, as by accuracy(): got the function accuracy": () =>
    trained({ metrics: [accuracy] }),
  "as an optimizer must be made, as by adam(): got the function adam": () => trained({ optimizer: adam }),
  "as a schedule must be made, as by constant(1e-3): got 0.1": () => trained({ schedule: 0.1 }),
  "got the function constant": () => trained({ schedule: constant }),
  "as callbacks must be a list: got an object of epoch": () => trained({ callbacks: { epoch: 1 } }),
  "measure after every epoch as its examples must be a source": () => trained({ validation: [1, 2] }),
  "keep a checkpoint without a path": () => trained({ checkpoint: "here" }),
  'input "image" as an example of it is [3]: it takes [4]': () =>
    fit(model(4), source, { loss: crossEntropy(), epochs: 1 }),
  "predict as a model of layers is needed: got the text": () => predict(wrong("model.keras"), source),
  "got a bare Float32Array": () => predict(model(), wrong(new Float32Array(3))),
  "an example of it is [3]: it takes [5]": () => predict(model(5), source),
  "predict as shards must be a whole number of at least 1: got 0": () =>
    predict(model(), source, { shards: 0 }),
  "make a source as its inputs must be { data, shape }": () => fromArrays(wrong([1, 2, 3])),
  "make a source as its targets must be { data, shape }": () =>
    fromArrays(array([4, 3]), wrong({ y: [0, 1] })),
};

Deno.test("fit(), predict() and fromArrays() say in their own words what they were not given", async () => {
  await startEngine({ backend: "cpu" });
  for (const [words, mistake] of Object.entries(MISTAKES)) {
    const error = await Promise.try(mistake).then(() => undefined, (error) => error);
    assert(isForeseen(error) && error.message.includes(words), `${words}: ${error}`);
  }
});
