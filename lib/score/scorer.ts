/**
 * A model version ready to answer: card, preprocessing and ONNX Runtime in one object, in this thread. @module
 */
import type { Image } from "../io/image.ts";
import { type Answers, readAnswers } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { prepareImage } from "./preprocess.ts";
import { openSession, type Runtime, type Session } from "./session.ts";
import { countValues, type Tensor, type TensorInfo } from "./tensor.ts";

/** What {@linkcode createScorer} needs. */
export interface ScorerOptions {
  card: Card;
  /** The bytes of model.onnx. */
  onnx: Uint8Array;
  /** @default {"native"} */
  runtime?: Runtime;
  /** Threads within one operation. @default {1} */
  threads?: number;
  /** The bytes of ONNX Runtime's .wasm file, for hosts that cannot read it from the npm package. */
  wasmBinary?: Uint8Array<ArrayBuffer>;
}

/** The answers for one image. */
export interface Result {
  model: string;
  version: string;
  /** By the name of the output. */
  answers: Answers;
}

/** A loaded model version. Calls may overlap; they are computed one after the other. */
export interface Scorer {
  readonly card: Card;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Values of one image as the model sees it, float32 of the card's input shape. @throws {TypeError} If it does not fit. */
  prepare(image: Image): Float32Array;
  /** One result an image, in order, computed as one batch. @throws {TypeError} If an image does not fit the model. */
  score(images: readonly Image[]): Promise<Result[]>;
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
  const [input] = card.inputs;
  const found = session.inputs.find(({ name }) => name === input.name);
  if (!found) {
    throw new TypeError(
      `Cannot load model "${card.name}" as its card names input "${input.name}": model.onnx has ` +
        session.inputs.map(({ name }) => `"${name}"`).join(", "),
    );
  }
  const shape = found.shape.slice(1);
  if (shape.length !== input.shape.length || shape.some((size, i) => size >= 0 && size !== input.shape[i])) {
    throw new TypeError(
      `Cannot load model "${card.name}" as its card says input [${input.shape}]: model.onnx takes [${shape}]`,
    );
  }
  for (const { name } of card.outputs) {
    if (!session.outputs.some((output) => output.name === name)) {
      throw new TypeError(
        `Cannot load model "${card.name}" as its card names output "${name}": model.onnx has no such output`,
      );
    }
  }
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
  const [input] = card.inputs;
  const width = countValues(input.shape);
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
    prepare: (image) => prepareImage(card, image),
    async score(images) {
      if (images.length === 0) return [];
      const data = images.length === 1
        ? prepareImage(card, images[0])
        : new Float32Array(images.length * width);
      if (images.length > 1) images.forEach((image, i) => data.set(prepareImage(card, image), i * width));
      const tensor: Tensor = { name: input.name, type: "FP32", shape: [images.length, ...input.shape], data };
      const outputs = await run([tensor]);
      return readAnswers(card, outputs).map((answers) => ({
        model: card.name,
        version: card.version,
        answers,
      }));
    },
    async infer(tensors) {
      checkInputs(card.name, session.inputs, tensors);
      return await run(tensors);
    },
    close: () => session.close(),
  };
}
