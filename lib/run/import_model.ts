/**
 * A version for a store out of a model that was made elsewhere: a `.keras` or `.onnx` file, and a card of what the file
 * says of itself and what only its owner knows.
 * @module
 */
import { basename } from "@std/path";
import {
  type Card,
  type CardInput,
  type CardOutputInput,
  checkOutputs,
  inputKindOf,
  kindOf,
  parseCard,
  readAnswers,
} from "../card/mod.ts";
import { tf } from "../engine/mod.ts";
import { decodeKeras, type KerasFile } from "../export/keras_read.ts";
import { encodeOnnx } from "../export/onnx_write.ts";
import { renameOnnxEnds } from "../export/onnx_ends.ts";
import { createRng } from "../base/rng.ts";
import { openSession } from "../score/session.ts";
import { inputTensors } from "../score/scorer.ts";

/** What a card may hold before it is whole: any of its fields, and of each input and output any. */
export interface CardDraft {
  /** What is known of the inputs, by their name or in their order. */
  inputs?: readonly Partial<CardInput["inputs"][number]>[];
  /** What is known of the outputs, likewise. */
  outputs?: readonly (Partial<CardOutputInput> | { name?: string; kind?: string })[];
  /** Any other field of a card. */
  [field: string]: unknown;
}

/** What the owner of a model says of it. */
export interface ImportOptions {
  /** Name of the model. @default {the file's} */
  name?: string;
  /** Fields of the card; what it says counts more than anything else. */
  card?: CardDraft;
  /** Names of the classes, of a model of one output. */
  labels?: readonly string[];
  /** Units of the value, of a model of one output. */
  units?: string;
  /** What the output is, where labels and units leave it open. */
  kind?: string;
  /** What black and white of a picture are to the model, such as 0 and 1. */
  values?: readonly [low: number, high: number];
  /** Shape of one example, channels last, for a model that takes any. */
  shape?: readonly number[];
}

/** An input or an output as a file describes it. */
interface End {
  /** What the file calls it. */
  own: string;
  name: string;
  /** Without the batch; -1 for a side that varies. */
  shape: readonly number[];
  dtype: "float32" | "uint8" | "int32";
  channelsFirst: boolean;
}

/** What was made of a file, or what is still to be said. */
export type Imported =
  | { card: Card; files: Map<string, Uint8Array>; notes: string[] }
  | { questions: string[] };

/** Rows that are run as a check: more than one, as a batch that is fixed shows only then. */
const CHECKED = 2;
/** How far ONNX Runtime may be from the model that was read, relative to numbers of the size of one and more. */
const TOLERANCE = 1e-4;
/** A picture whose first side is at most this, and the others more, has its channels first. */
const MOST_CHANNELS = 4;
const NOT_IN_NAMES = /[^A-Za-z0-9_.-]/g;

/**
 * Makes a card and the files of a version.
 *
 * @param bytes A `.keras` file of Keras 3, or an `.onnx` file.
 * @param path Name of the file, which ends in `.keras` or `.onnx`.
 * @param options What only the owner knows.
 * @returns The version, which was run on random numbers as a check; or questions, one a line, where more must be said.
 * @throws {SyntaxError} If the file cannot be read; what is not supported is named.
 * @throws {TypeError} If the card and the model do not belong together.
 */
export async function importModel(
  bytes: Uint8Array,
  path: string,
  options: ImportOptions = {},
): Promise<Imported> {
  const isKeras = path.endsWith(".keras");
  if (!isKeras && !path.endsWith(".onnx")) {
    throw new SyntaxError(`Cannot import "${path}" as it must be a .keras or an .onnx file`);
  }
  const file = isKeras ? await decodeKeras(bytes, { name: path }) : undefined, model = file?.model;
  try {
    const ends = file ? endsOfKeras(file) : await endsOfOnnx(bytes, path);
    const notes = [...ends.inputs, ...ends.outputs].filter(({ channelsFirst }) => channelsFirst)
      .map(({ name, shape }) =>
        `"${name}" has its channels first: the version turns it into [${shape.join(", ")}]`
      );
    const { draft, questions } = draftCard(path, ends, options);
    if (questions.length > 0) return { questions };
    const card = parseCard(draft, `the card of ${path}`);
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    const onnx = model
      ? encodeOnnx(model, { inputs: names(card.inputs), outputs: names(ends.outputs) })
      : renameEnds(bytes, ends);
    await checkModel(card, onnx, path, model);
    const files = new Map([["model.onnx", onnx]]);
    if (model) files.set("model.keras", bytes);
    return { card, files, notes };
  } finally {
    model?.dispose();
  }
}

interface Ends {
  inputs: End[];
  outputs: End[];
}

/** Names as cards have them, all different. */
function safeNames(names: readonly string[], single?: string): string[] {
  if (single !== undefined && names.length === 1) return [single];
  const safe = names.map((name) =>
    name.replace(/:0$/, "").replaceAll(NOT_IN_NAMES, "_").replace(/^[.-]/, "_")
  );
  return safe.map((name, i) => safe.indexOf(name) === i && name !== "" ? name : `${name}_${i}`);
}

function endsOfKeras({ model, ...names }: KerasFile): Ends {
  const ends = (names: readonly string[], tensors: readonly tf.SymbolicTensor[], taken: readonly string[]) =>
    tensors.map(({ shape, dtype }, i): End => ({
      own: names[i],
      name: taken.includes(names[i]) ? `${names[i]}_out` : names[i],
      shape: shape.slice(1).map((side) => side ?? -1),
      dtype: dtype === "int32" ? "int32" : "float32",
      channelsFirst: false,
    }));
  const isPicture = model.inputs.length === 1 && model.inputs[0].shape.length === 4;
  const inputNames = safeNames(names.inputNames, isPicture ? "image" : undefined);
  return {
    inputs: ends(inputNames, model.inputs, []),
    outputs: ends(safeNames(names.outputNames), model.outputs, inputNames),
  };
}

async function endsOfOnnx(bytes: Uint8Array, path: string): Promise<Ends> {
  const session = await openSession(bytes).catch((error) => {
    throw new SyntaxError(`Cannot read ONNX model "${path}": ${(error as Error).message}`);
  });
  const { inputs, outputs } = session;
  await session.close();
  const fixed = inputs.find(({ shape }) => shape.length === 0 || shape[0] >= 0);
  if (fixed) {
    throw new TypeError(
      `Cannot import "${path}" as its input "${fixed.name}" is [${fixed.shape}]: the first side must be open, ` +
        `for any number of examples (torch.onnx.export takes dynamic_axes)`,
    );
  }
  const isPicture = inputs.length === 1 && inputs[0].shape.length === 4;
  const names = safeNames(inputs.map(({ name }) => name), isPicture ? "image" : undefined);
  const outputNames = safeNames(outputs.map(({ name }) => name));
  const turned = inputs.some(({ shape: [, ...shape] }) => hasChannelsFirst(shape));
  return {
    inputs: inputs.map(({ name: own, type, shape: [, ...shape] }, i) => {
      const channelsFirst = hasChannelsFirst(shape);
      return {
        own,
        name: names[i],
        shape: channelsFirst ? [...shape.slice(1), shape[0]] : shape,
        dtype: type === "UINT8" ? "uint8" : type === "INT32" || type === "INT64" ? "int32" : "float32",
        channelsFirst,
      };
    }),
    outputs: outputs.map(({ name: own, shape: [, ...shape] }, i) => {
      // A mask or an image; its channels need not be few, as a mask may have many classes.
      const channelsFirst = turned && shape.length === 3;
      return {
        own,
        name: names.includes(outputNames[i]) ? `${outputNames[i]}_out` : outputNames[i],
        shape: channelsFirst ? [...shape.slice(1), shape[0]] : shape,
        dtype: "float32",
        channelsFirst,
      };
    }),
  };
}

/** Whether [3, height, width] is meant and not [height, width, 3]. */
function hasChannelsFirst(shape: readonly number[]): boolean {
  if (shape.length !== 3) return false;
  const few = (side: number) => side > 0 && side <= MOST_CHANNELS;
  return few(shape[0]) && !few(shape[2]);
}

function renameEnds(bytes: Uint8Array, { inputs, outputs }: Ends): Uint8Array {
  const others = (ends: readonly End[]) =>
    ends.filter(({ own, name, channelsFirst }) => own !== name || channelsFirst)
      .map(({ own, name, channelsFirst }) => ({ from: own, name, channelsFirst }));
  const changed = { inputs: others(inputs), outputs: others(outputs) };
  return changed.inputs.length + changed.outputs.length > 0 ? renameOnnxEnds(bytes, changed) : bytes;
}

/** The card as far as it is known, and what is not. */
function draftCard(
  path: string,
  ends: Ends,
  options: ImportOptions,
): { draft: CardDraft; questions: string[] } {
  const { card: said = {} } = options, questions: string[] = [];
  const known = (list: readonly { name?: string }[] | undefined, { name, own }: End, i: number) =>
    list?.find((entry) => entry.name === name || entry.name === own) ??
      (list?.[i]?.name ? undefined : list?.[i]);
  checkNames(path, ends, said);
  const inputs = ends.inputs.map((end, i) =>
    draftInput(
      { ...end },
      known(said.inputs, end, i) ?? {},
      options,
      i,
      questions,
      said.preprocessing !== undefined,
    )
  );
  const outputs = ends.outputs.map((end, i) => {
    const given = known(said.outputs, end, i) as Record<string, unknown> | undefined;
    if (given?.kind !== undefined) return { ...given, name: end.name };
    return { ...draftOutput(end, options, ends.outputs.length === 1, questions), ...given, name: end.name };
  });
  const file = basename(path).replace(/\.(keras|onnx)$/, "").replaceAll(NOT_IN_NAMES, "_");
  const draft = {
    format: "cloudchamber-model/1",
    name: file,
    experiment: "imported",
    created: new Date().toISOString(),
    description: `Imported from ${basename(path)}`,
    ...said,
    ...(options.name !== undefined && { name: options.name }),
    inputs,
    outputs,
    files: {},
  };
  return { draft, questions };
}

/** Refuses a card that speaks of what the model has not. @throws {TypeError} */
function checkNames(path: string, ends: Ends, said: CardDraft): void {
  for (const side of ["inputs", "outputs"] as const) {
    for (const { name } of said[side] ?? []) {
      if (name === undefined || ends[side].some((end) => end.name === name || end.own === name)) continue;
      const has = ends[side].map((end) => `"${end.name}"`).join(", ");
      throw new TypeError(
        `Cannot import "${path}" as its card names "${name}" of its ${side}: it has ${has}`,
      );
    }
  }
}

function draftInput(
  end: End,
  given: Partial<CardInput["inputs"][number]>,
  options: ImportOptions,
  place: number,
  questions: string[],
  hasSteps: boolean,
): Record<string, unknown> {
  const { name, dtype } = end, shape = [...given.shape ?? (place === 0 && options.shape || end.shape)];
  const what = `Input "${name}" [${end.shape.map((side) => side < 0 ? "open" : side).join(", ")}]`;
  if (shape.length !== end.shape.length || shape.some((side) => side < 0)) {
    questions.push(
      `${what}: --shape ${
        shape.map((side) => side < 0 ? "224" : side).join(",")
      } says the shape of one example`,
    );
  }
  const basis = { dtype, ...given, name, shape };
  if (given.units !== undefined) return basis;
  if (inputKindOf({ shape, ...given })?.kind !== "picture") {
    return { units: options.values ? "" : "as the model takes it", ...basis };
  }
  if (!options.values) {
    if (!hasSteps && given.preprocessing === undefined) {
      questions.push(
        `${what}: --values 0,1 or 0,255 or -1,1 says what black and white of a picture are to the model`,
      );
    }
    return { units: "as the steps leave it", ...basis };
  }
  const [low, high] = options.values, [height, width, channels] = shape;
  const factor = (high - low) / 255;
  const steps = [
    ...(channels === 1 ? [{ op: "grey" }] : []),
    { op: "resize", height, width },
    ...(factor === 1 && low === 0 ? [] : [{ op: "scale", factor, offset: low }]),
  ];
  return {
    units: `from ${low} (black) to ${high} (white)`,
    range: [0, 255],
    preprocessing: steps,
    ...basis,
  };
}

/** The kinds that an output of a shape can be, each with the option that says so. */
function draftOutput(
  { name, shape }: End,
  { labels, units, kind }: ImportOptions,
  isOnly: boolean,
  questions: string[],
): Record<string, unknown> {
  const [last = 1] = shape.slice(-1);
  const isRow = shape.length <= 1, isOne = isRow && last === 1;
  if (isOnly && kind !== undefined) {
    return { kind, ...(labels && { labels }), ...(units !== undefined && { units }) };
  }
  if (isOnly && labels) {
    if (isOne) return { kind: "probability", labels };
    return { kind: isRow ? "classes" : "mask", labels };
  }
  if (isOnly && units !== undefined) return { kind: isRow ? "value" : "image", units };
  const ways = !isOnly
    ? `--card FILE.json with {"outputs": [{"name": "${name}", "kind": "${
      isOne ? "value" : isRow ? "classes" : "image"
    }", …}]}`
    : isOne
    ? "--labels FIRST,SECOND if it is the probability of SECOND, --units U if it is a value"
    : isRow
    ? `--labels with ${
      last < 0 ? "the" : last
    } names if it is one of these classes, --kind vector if just numbers`
    : "--labels NONE,TRACK,… if it is a mask, --units U if it is an image";
  questions.push(`Output "${name}" [${shape.map((side) => side < 0 ? "open" : side).join(", ")}]: ${ways}`);
  return {};
}

/** Runs the model on random numbers: its answers must be readable, and those of the model that was read. */
async function checkModel(
  card: Card,
  onnx: Uint8Array,
  path: string,
  model: tf.LayersModel | undefined,
): Promise<void> {
  const session = await openSession(onnx);
  try {
    const shapes = session.outputs.map(({ name, shape }) => [name, shape.slice(1)]);
    checkOutputs(card, Object.fromEntries(shapes));
    const rng = createRng(1);
    const examples = Array.from(
      { length: CHECKED },
      () => new Map(card.inputs.map(({ name, shape, dtype }) => [name, drawValues(shape, dtype, rng)])),
    );
    const outputs = await session.run(inputTensors(card, session.inputs, examples));
    if (model) compareWith(model, card, examples, outputs.map(({ data }) => data as Float32Array), path);
    try {
      readAnswers(card, outputs);
    } catch (error) {
      const isClass = card.outputs.some((output) =>
        kindOf(output).drawing === "confusion" || "labels" in output
      );
      const hint = isClass ? "; does the model end in a softmax or sigmoid?" : "";
      throw new TypeError(`Cannot import "${path}": ${(error as Error).message}${hint}`);
    }
  } finally {
    await session.close();
  }
}

function drawValues(shape: readonly number[], dtype: string, rng: () => number): Float32Array {
  const size = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length: size }, () => dtype === "float32" ? rng() : 0);
}

/** @throws {TypeError} If ONNX Runtime says other numbers than the model. */
function compareWith(
  model: tf.LayersModel,
  card: Card,
  examples: readonly ReadonlyMap<string, Float32Array>[],
  outputs: readonly Float32Array[],
  path: string,
): void {
  tf.tidy(() => {
    const inputs = card.inputs.map(({ name, shape, dtype }) =>
      tf.stack(
        examples.map((example) =>
          tf.tensor(example.get(name)!, shape, dtype === "int32" ? "int32" : "float32")
        ),
      )
    );
    const wanted = [model.predict(inputs.length > 1 ? inputs : inputs[0])].flat() as tf.Tensor[];
    for (const [i, tensor] of wanted.entries()) {
      const values = tensor.dataSync();
      const apart = outputs[i].findIndex((value, j) =>
        !(Math.abs(value - values[j]) <= TOLERANCE * Math.max(1, Math.abs(values[j])))
      );
      if (apart < 0) continue;
      throw new TypeError(
        `Cannot import "${path}" as ONNX Runtime gives ${outputs[i][apart]} where the model gives ${
          values[apart]
        }`,
      );
    }
  });
}
