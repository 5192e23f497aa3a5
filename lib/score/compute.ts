/**
 * The part of scoring that takes time, for one thread: it holds loaded models and runs batches of whatever mixture of
 * pictures and tensors it is given. {@link "./compute_worker.ts"} puts one into a worker. @module
 */
import { blamesInput, isForeseen } from "../base/foreseen.ts";
import { decodePng, readPngHeader } from "../io/png.ts";
import { answerReader, type Answers } from "../card/answers.ts";
import type { Card } from "../card/card.ts";
import { checkWhole, NotWholeError } from "../card/wholeness.ts";
import { prepareExample, regionFor } from "./prepare.ts";
import { type DrawnHits, type Example, fromImage } from "./raw_array.ts";
import { checkInputs, createScorer, inputTensors, type Scorer } from "./scorer.ts";
import type { Runtime } from "./session.ts";
import {
  countValues,
  joinRows,
  sliceRows,
  type Tensor,
  TENSOR_TYPES,
  type TensorData,
  type TensorInfo,
} from "./tensor.ts";
import type { ValueRange } from "./value_range.ts";

/** One example, or one client's tensors: what a batch is made of. */
export type Item =
  /** A PNG file as it came. */
  | { png: Uint8Array; view?: boolean; range?: ValueRange }
  /** A file's values for every input. */
  | { arrays: Example; view?: boolean; range?: ValueRange }
  /** Inputs by the model's own names; the first axis is the batch. */
  | { tensors: Tensor[] };

/** The answers for an example. */
export interface ExampleResult {
  /** By the name of the output. */
  answers: Answers;
  /** What was assumed of the file, and what looks wrong in it. */
  warnings: string[];
  /** Time that decoding and preparing took. */
  ms: number;
  /** Of the first input as the file has it, without a batch axis. */
  shape: readonly number[];
  /** Every input as the model sees it, in the card's order. */
  view?: Float32Array[];
  /** Of a tracker's event, with the view: its hits as they were measured. */
  hits?: DrawnHits;
}

/** What became of an item; `ms` is the time it took to decode and prepare. */
export type ItemResult =
  | ExampleResult
  | { tensors: Tensor[]; ms: number }
  | { fault: ItemFault };

/** Why an item could not be scored. */
export interface ItemFault {
  /** The client asked wrongly, or asked well of what has no answer (a pixel or an output that is no number), or it is us. */
  who: "client" | "content" | "server";
  /** What is wrong, for whoever asked. */
  message: string;
}

/** A model as {@linkcode ComputeUnit} loads it. */
export interface ModelSource {
  /** What the model takes and gives. */
  card: Card;
  /** The bytes of model.onnx; shared memory is passed to workers without a copy. */
  onnx: Uint8Array;
}

/** What a loaded model takes and gives. */
export interface LoadedModel {
  /** What it takes, in its own order. */
  inputs: readonly TensorInfo[];
  /** What it gives, in its own order. */
  outputs: readonly TensorInfo[];
}

/** Results of one batch, in the order of its items. */
export interface BatchReport {
  /** What became of each item. */
  results: ItemResult[];
  /** Time inside ONNX Runtime. */
  computeMs: number;
  /** Examples that were computed. */
  rows: number;
}

/** A thread that scores. */
export interface ComputeUnit {
  /** Loads a model under a key, and runs it once so that the first request does not pay for it. */
  load(key: string, source: ModelSource): Promise<LoadedModel>;
  /** Frees a model. */
  unload(key: string): Promise<void>;
  /** Computes one batch. Faults are results, not exceptions; it rejects only if the unit itself is lost. */
  run(key: string, items: readonly Item[]): Promise<BatchReport>;
  /** Frees the unit. */
  close(): Promise<void>;
}

/** Options for {@linkcode createUnit}. */
export interface UnitOptions {
  /** Which ONNX Runtime computes. @default {"native"} */
  runtime?: Runtime;
  /** Threads within one operation. @default {1} */
  threads?: number;
  /** Most pixels of a picture. @default {67_108_864} */
  maxPixels?: number;
  /** Most bytes a model's session may be given in one batch of one client, before it is split. @default {64} */
  maxRows?: number;
  /** The bytes of ONNX Runtime's .wasm file, for hosts that cannot read it from the npm package. */
  wasmBinary?: Uint8Array<ArrayBuffer>;
}

/** An item that is ready to be computed. */
interface Ready {
  index: number;
  tensors: Tensor[];
  rows: number;
  ms: number;
  example?: Pick<ExampleResult, "warnings" | "shape" | "view" | "hits">;
}

function faultOf(error: unknown): ItemFault {
  if (!isForeseen(error)) return { who: "server", message: "The server failed to prepare or compute this" };
  const { message } = error as Error;
  if (error instanceof NotWholeError) return { who: "content", message };
  return { who: blamesInput(error) ? "client" : "server", message };
}

/** Refuses floats that are no numbers; integers always are. @throws {NotWholeError} */
function checkFloats({ data, shape }: Tensor, what: string): void {
  if (data instanceof Float32Array || data instanceof Float64Array) checkWhole(data, shape, what);
}

/** A picture from a PNG file, decoded only as far as the model looks, and its whole shape. */
function decodeSeen(
  card: Card,
  png: Uint8Array,
  maxPixels: number,
): { arrays: Example; shape: readonly number[] } {
  const { height, width } = readPngHeader(png);
  const image = decodePng(png, { ...regionFor(card, height, width), maxPixels });
  return { arrays: { [card.inputs[0].name]: fromImage(image) }, shape: [height, width, image.channels] };
}

/** Decodes, prepares and checks one item. @throws What the client did wrong. */
function prepareItem(scorer: Scorer, item: Item, index: number, maxPixels: number): Ready {
  const started = performance.now();
  if ("tensors" in item) {
    const { tensors } = item, rows = tensors[0].shape[0] ?? 1;
    checkInputs(scorer.card.name, scorer.inputs, tensors);
    for (const tensor of tensors) checkFloats(tensor, `input "${tensor.name}"`);
    return { index, tensors, rows, ms: performance.now() - started };
  }
  const { card } = scorer;
  const { arrays, shape } = "png" in item
    ? decodeSeen(card, item.png, maxPixels)
    : { arrays: item.arrays, shape: item.arrays[card.inputs[0].name]?.shape ?? [] };
  const { values, warnings } = prepareExample(card, arrays, item.range ? { range: item.range } : {});
  const tensors = inputTensors(card, scorer.inputs, [values]);
  const { hits } = arrays[card.inputs[0].name];
  const view = item.view
    ? { view: [...values.values()].map((data) => data.slice()), ...(hits && { hits }) }
    : {};
  const example = { warnings, shape, ...view };
  return { index, tensors, rows: 1, ms: performance.now() - started, example };
}

/** The answer to an item, of the outputs that are its own. */
function resultOf(scorer: Scorer, ready: Ready, outputs: Tensor[]): ItemResult {
  try {
    if (!ready.example) {
      for (const tensor of outputs) checkFloats(tensor, `with output "${tensor.name}"`);
      return { tensors: outputs, ms: ready.ms };
    }
    return { answers: answerReader(scorer.card, outputs)(0), ms: ready.ms, ...ready.example };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** Items that can be computed together, those of one shape in a group. What cannot be prepared has its fault in `results`. */
function groupsOf(
  items: readonly Item[],
  prepare: (item: Item, index: number) => Ready,
  results: ItemResult[],
): Ready[][] {
  const groups = new Map<string, Ready[]>();
  items.forEach((item, index) => {
    try {
      const ready = prepare(item, index);
      const signature = ready.tensors.map(({ name, shape }) => `${name}:${shape.slice(1)}`).join();
      const group = groups.get(signature);
      if (group) group.push(ready);
      else groups.set(signature, [ready]);
    } catch (error) {
      results[index] = { fault: faultOf(error) };
    }
  });
  return [...groups.values()];
}

/** Computes a group, and item by item where that fails; gives how many rows were computed. */
async function computeGroup(
  scorer: Scorer,
  group: readonly Ready[],
  results: ItemResult[],
): Promise<number> {
  const alone = group.length === 1;
  let first = 0;
  try {
    const outputs = await scorer.infer(alone ? group[0].tensors : joinItems(group));
    for (const ready of group) {
      const end = first + ready.rows;
      const own = alone ? outputs : outputs.map((tensor) => ownRows(tensor, first, end));
      results[ready.index] = resultOf(scorer, ready, own);
      first = end;
    }
    return first;
  } catch (error) {
    if (alone) {
      results[group[0].index] = { fault: faultOf(error) };
      return 0;
    }
    // One example that the model cannot take must not cost the others their answer.
    let rows = 0;
    for (const ready of group) rows += await computeGroup(scorer, [ready], results);
    return rows;
  }
}

/** Whether a model takes any number of examples at once, and answers each. */
function takesBatches({ inputs, outputs }: Scorer): boolean {
  return [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
}

/** Makes a unit that computes in this thread. */
export function createUnit(options: UnitOptions = {}): ComputeUnit {
  const { maxPixels = 1 << 26, maxRows = 64 } = options;
  const models = new Map<string, Scorer>();
  return {
    async load(key, { card, onnx }) {
      const scorer = await createScorer({ ...options, card, onnx });
      await scorer.infer(scorer.inputs.map(zerosFor)).catch(async (error) => {
        await scorer.close();
        throw error;
      });
      models.set(key, scorer);
      return { inputs: scorer.inputs, outputs: scorer.outputs };
    },
    async unload(key) {
      const scorer = models.get(key);
      models.delete(key);
      await scorer?.close();
    },
    async run(key, items) {
      const scorer = models.get(key);
      const results = new Array<ItemResult>(items.length);
      const lost = { who: "server" as const, message: `Model "${key}" is not loaded` };
      if (!scorer) return { results: results.fill({ fault: lost }), computeMs: 0, rows: 0 };
      const prepare = (item: Item, index: number) => prepareItem(scorer, item, index, maxPixels);
      const groups = groupsOf(items, prepare, results), joins = takesBatches(scorer);
      const parts = groups.flatMap((group) => joins ? cut(group, maxRows) : group.map((ready) => [ready]));
      const started = performance.now();
      let rows = 0;
      for (const part of parts) rows += await computeGroup(scorer, part, results);
      return { results, computeMs: performance.now() - started, rows };
    },
    async close() {
      for (const key of [...models.keys()]) await this.unload(key);
    },
  };
}

/** Cuts a group so that no part holds more than `maxRows` rows, unless a single item does. */
function cut(group: readonly Ready[], maxRows: number): Ready[][] {
  const parts: Ready[][] = [];
  let rows = Infinity;
  for (const ready of group) {
    if (rows + ready.rows > maxRows) {
      parts.push([]);
      rows = 0;
    }
    parts[parts.length - 1].push(ready);
    rows += ready.rows;
  }
  return parts;
}

/** One tensor an input, holding the rows of every item in turn. */
function joinItems(group: readonly Ready[]): Tensor[] {
  return group[0].tensors.map(({ name }) =>
    joinRows(group.map(({ tensors }) => tensors.find((tensor) => tensor.name === name) as Tensor))
  );
}

/** Rows of an output in memory of their own, so that they can be posted without the rest. */
function ownRows(tensor: Tensor, first: number, last: number): Tensor {
  const rows = sliceRows(tensor, first, last);
  return { ...rows, data: rows.data.slice() as TensorData };
}

/** A tensor of zeros that fits an input; dimensions that vary are 1. */
function zerosFor({ name, type, shape }: TensorInfo): Tensor {
  const sizes = shape.map((size) => size < 0 ? 1 : size);
  return { name, type, shape: sizes, data: TENSOR_TYPES[type].make(countValues(sizes)) };
}
