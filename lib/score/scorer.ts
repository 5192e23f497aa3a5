/**
 * A model version ready to answer: card, preprocessing and ONNX Runtime in one object, in this thread. @module
 */
import { endIfStopped } from "../base/stop_button.ts";
import type { Image } from "../io/image.ts";
import { type Answers, checkOutputs, readAnswers } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { prepareExample, prepareImage, type PrepareOptions } from "./prepare.ts";
import { type Example, fromImage } from "./raw_array.ts";
import { openSession, type Runtime, type Session } from "./session.ts";
import { countValues, type Tensor, TENSOR_TYPES, type TensorInfo, type TensorType } from "./tensor.ts";

/** What {@linkcode createScorer} needs. */
export interface ScorerOptions {
  /** What the model takes and gives. */
  card: Card;
  /** The bytes of model.onnx. */
  onnx: Uint8Array;
  /** Which ONNX Runtime computes. @default {"native"} */
  runtime?: Runtime;
  /** Threads within one operation. @default {1} */
  threads?: number;
  /** The bytes of ONNX Runtime's .wasm file, for hosts that cannot read it from the npm package. */
  wasmBinary?: Uint8Array<ArrayBuffer>;
}

/** The answers for one example. */
export interface Result {
  /** Name of the model. */
  model: string;
  /** Version of the model. */
  version: string;
  /** By the name of the output. */
  answers: Answers;
  /** What was assumed of the file, and what looks wrong in it. */
  warnings: string[];
}

/** A loaded model version. Calls may overlap; they are computed one after the other. */
export interface Scorer {
  /** What the model takes and gives. */
  readonly card: Card;
  /** Inputs of the ONNX model, in its own order. */
  readonly inputs: readonly TensorInfo[];
  /** Outputs of the ONNX model, in its own order. */
  readonly outputs: readonly TensorInfo[];
  /** Bytes of the ONNX model: those of its weights, and few more. */
  readonly bytes: number;
  /** Values of one image as the model sees it, float32 of the card's input shape. @throws {TypeError} If it does not fit. */
  prepare(image: Image): Float32Array;
  /**
   * One result an example, in order, computed as one batch.
   *
   * @param examples Pictures, or the values of every input by its name.
   * @throws {TypeError} If one does not fit the model.
   * @throws {NotWholeError} If a value or an output is not a number.
   */
  score(examples: readonly (Image | Example)[], options?: PrepareOptions): Promise<Result[]>;
  /** The model's raw outputs for raw inputs. @throws {TypeError} If an input is missing or has another type or shape. */
  infer(inputs: readonly Tensor[]): Promise<Tensor[]>;
  /** Frees the model; no call may follow. */
  close(): Promise<void>;
}

/** Refuses inputs that the model cannot take, so that ONNX Runtime never sees them. */
export function checkInputs(model: string, wanted: readonly TensorInfo[], inputs: readonly Tensor[]): void {
  for (const { name } of inputs) {
    if (!wanted.some((info) => info.name === name)) {
      const names = wanted.map((info) => `"${info.name}"`).join(", ");
      throw new TypeError(
        `Cannot score with "${model}" as it has no input "${name}": its inputs are ${names}`,
      );
    }
  }
  let batch = -1;
  for (const info of wanted) {
    const given = inputs.filter(({ name }) => name === info.name);
    if (given.length !== 1) {
      throw new TypeError(
        `Cannot score with "${model}" as input "${info.name}" must be given once: got ${given.length}`,
      );
    }
    const [{ type, shape, data }] = given;
    const fits = shape.length === info.shape.length &&
      info.shape.every((size, i) => size < 0 || size === shape[i]);
    if (type !== info.type || !fits) {
      throw new TypeError(
        `Cannot score with "${model}" as input "${info.name}" must be ${info.type} [${info.shape}]: got ${type} [${shape}]`,
      );
    }
    if (countValues(shape) !== data.length) {
      throw new TypeError(
        `Cannot score with "${model}" as input "${info.name}" of shape [${shape}] needs ${
          countValues(shape)
        } values: ` +
          `got ${data.length}`,
      );
    }
    if (shape.length > 0 && (shape[0] === 0 || (batch >= 0 && shape[0] !== batch))) {
      throw new TypeError(
        `Cannot score with "${model}" as all inputs must have the same number of examples, at least one: ` +
          `input "${info.name}" has ${shape[0]}`,
      );
    }
    batch = shape[0];
  }
}

/** Refuses a model whose ONNX inputs or outputs are not those of its card. */
function checkSession(card: Card, session: Session): void {
  for (const input of card.inputs) {
    const found = session.inputs.find(({ name }) => name === input.name);
    if (!found) {
      throw new TypeError(
        `Cannot load model "${card.name}" as its card names input "${input.name}": model.onnx has ` +
          session.inputs.map(({ name }) => `"${name}"`).join(", "),
      );
    }
    const shape = found.shape.slice(1);
    if (
      shape.length !== input.shape.length || shape.some((size, i) => size >= 0 && size !== input.shape[i])
    ) {
      throw new TypeError(
        `Cannot load model "${card.name}" as its card says input [${input.shape}]: model.onnx takes [${shape}]`,
      );
    }
  }
  const missing = session.inputs.find(({ name }) => !card.inputs.some((input) => input.name === name));
  if (missing) {
    throw new TypeError(
      `Cannot load model "${card.name}" as model.onnx takes input "${missing.name}": its card has no such input`,
    );
  }
  const shapes = session.outputs.map(({ name, shape }) => [name, shape.length > 0 ? shape.slice(1) : [-1]]);
  checkOutputs(card, Object.fromEntries(shapes));
}

/**
 * Loads a model for scoring in this thread.
 *
 * @returns A scorer to be closed by the caller.
 * @throws {TypeError} If card and model do not belong together.
 * @throws {Error} ONNX Runtime's own words if the bytes are no model that it can run.
 * @example
 * ```ts ignore
 * const scorer = await createScorer({ card, onnx, runtime: "native", threads: 1 });
 * const [{ answers }] = await scorer.score([decodeImage(bytes)]);
 * ```
 */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const { card, onnx } = options;
  const session = await openSession(onnx, options);
  try {
    checkSession(card, session);
  } catch (error) {
    await session.close();
    throw error;
  }
  let last: Promise<unknown> = Promise.resolve();
  const run = (tensors: readonly Tensor[]) => {
    const next = last.then(() => session.run(tensors));
    last = next.catch(() => {});
    return next;
  };
  return {
    card,
    inputs: session.inputs,
    outputs: session.outputs,
    bytes: onnx.length,
    prepare: (image) => prepareImage(card, image),
    async score(examples, options) {
      if (examples.length === 0) return [];
      endIfStopped(); // in a notebook's loop over many files
      const prepared = examples.map((example) => prepareExample(card, exampleOf(card, example), options));
      const tensors = inputTensors(card, session.inputs, prepared.map(({ values }) => values));
      const outputs = await run(tensors);
      return readAnswers(card, outputs).map((answers, i) => ({
        model: card.name,
        version: card.version,
        answers,
        warnings: prepared[i].warnings,
      }));
    },
    async infer(tensors) {
      checkInputs(card.name, session.inputs, tensors);
      return await run(tensors);
    },
    close: () => session.close(),
  };
}

/** A picture as the example of a model of one input. @throws {TypeError} If the model has more inputs. */
function exampleOf(card: Card, example: Image | Example): Example {
  if (!("depth" in example && typeof example.depth === "number")) return example as Example;
  if (card.inputs.length > 1) {
    const names = card.inputs.map(({ name }) => `"${name}"`).join(", ");
    throw new TypeError(`Cannot score a picture alone with "${card.name}" as it takes ${names}`);
  }
  return { [card.inputs[0].name]: fromImage(example as Image) };
}

/** The values of several examples as one tensor an input, in the type that the model takes. */
export function inputTensors(
  card: Pick<Card, "inputs">,
  infos: readonly TensorInfo[],
  examples: readonly ReadonlyMap<string, Float32Array>[],
): Tensor[] {
  return card.inputs.map(({ name, shape }) => {
    const type = infos.find((info) => info.name === name)?.type ?? "FP32";
    const size = countValues(shape), full = [examples.length, ...shape];
    const only = examples[0].get(name) as Float32Array;
    // The native binding refuses shared memory, in which a decoder's thread leaves what no step changes.
    const isOwn = only.buffer instanceof ArrayBuffer;
    if (type === "FP32" && examples.length === 1 && isOwn) return { name, type, shape: full, data: only };
    const data = TENSOR_TYPES[type].make(size * examples.length) as Float32Array;
    examples.forEach((values, i) => {
      const from = values.get(name) as Float32Array;
      if (type === "FP32") data.set(from, i * size);
      else putWhole(from, type, data, i * size);
    });
    return { name, type, shape: full, data };
  });
}

/** Puts values into a tensor of whole numbers or doubles. @throws {RangeError} If one does not fit. */
function putWhole(from: Float32Array, type: TensorType, into: Float32Array, offset: number): void {
  for (let i = 0; i < from.length; i++) {
    const wide = type === "INT64" || type === "UINT64";
    const value = type === "FP64" ? from[i] : Math.round(from[i]);
    (into as unknown as (number | bigint)[])[offset + i] = wide ? BigInt(value) : value;
    if (Number(into[offset + i]) !== value) {
      throw new RangeError(`Cannot score as the model takes ${type} values: got ${from[i]}`);
    }
  }
}
