/**
 * Any file that a user may have, by its content, as examples of a model's inputs: pictures, stacks, volumes, bands,
 * tables, and archives of them. @module
 */
import { isForeseen } from "../base/foreseen.ts";
import { inputKindOf } from "../card/inputs/registry.ts";
import type { Layout } from "../card/input_kind.ts";
import type { FileArray } from "../io/file_array.ts";
import { type OpenedFile, openFile, sniffFormat } from "../io/formats.ts";
import {
  type ExampleLimits,
  type ExampleOptions,
  type Found,
  type InputShape,
  inputsOf,
  joinInputs,
  pageOf,
} from "./found.ts";
import { packedPicture } from "./packed_picture.ts";
import { cutExamples, limitsOf, type RawArray, type RawValues, rawValues } from "./raw_array.ts";

export type { ExampleLimits, ExampleOptions, Found, InputShape };

type Settled = Required<ExampleLimits> & {
  inputs: readonly InputShape[];
  unpack: boolean;
  /** How many bytes of values may still be kept; of an archive all members together. */
  budget: { left: number };
};

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** How an array becomes examples of an input; undefined if it cannot. */
function findLayout(input: InputShape, shape: readonly number[]): Layout | undefined {
  const kind = inputKindOf(input), wanted = input.raw ?? input.shape;
  const found = kind ? kind.layout(wanted, shape) : exactLayout(wanted, shape);
  return found && found.shape.every((side) => side > 0) && found.examples > 0 ? found : undefined;
}

/** How an array becomes examples of an input. @throws {TypeError} If it cannot. */
function layoutFor(input: InputShape, shape: readonly number[], label: string): Layout {
  const found = findLayout(input, shape);
  if (found) return found;
  throw new TypeError(
    `Cannot take "${label}" of shape [${shape.join(", ")}] as ${inputKindOf(input)?.noun ?? "input"} for ` +
      `"${input.name}", which is [${(input.raw ?? input.shape).join(", ")}]`,
  );
}

/**
 * The arrays of a file that are examples: all that can be, as labels and other columns lie beside them. Where none can be, all are
 * left, for the message to name the first.
 */
function examplesOf(input: InputShape, arrays: readonly FileArray[]): readonly FileArray[] {
  const fitting = input.raw ? arrays.filter(({ shape }) => findLayout(input, shape)) : arrays;
  return fitting.length > 0 ? fitting : arrays;
}

/** For an input of no kind: its very shape, or many of it. */
function exactLayout(wanted: readonly number[], shape: readonly number[]): Layout | undefined {
  const extra = shape.length - wanted.length;
  if (extra < 0 || extra > 1 || shape.slice(extra).join() !== wanted.join()) return undefined;
  return { examples: extra === 1 ? shape[0] : 1, shape: wanted };
}

/** From [bands, rows, columns] to [rows, columns, bands]. */
function bandsLast(data: RawValues, [height, width, bands]: readonly number[]): RawValues {
  const out = new (data.constructor as new (length: number) => RawValues)(data.length);
  const pixels = height * width;
  for (let band = 0; band < bands; band++) {
    for (let p = 0; p < pixels; p++) out[p * bands + band] = data[band * pixels + p];
  }
  return out;
}

/** Checks what an array would become against the limits. @throws {RangeError} */
function checkLimits(label: string, { examples, shape }: Layout, limits: Settled): void {
  if (examples > limits.maxExamples) {
    throw new RangeError(
      `Cannot take ${examples} examples from "${label}": the limit is ${limits.maxExamples}`,
    );
  }
  const pixels = shape.length >= 3 ? countOf(shape.slice(0, -1)) : 0;
  if (pixels > limits.maxPixels) {
    throw new RangeError(
      `Cannot take ${
        shape.slice(0, -1).join(" × ")
      } pixels from "${label}": the limit is ${limits.maxPixels}`,
    );
  }
}

/** Takes from what may be kept, before it is read. @throws {RangeError} If there is not so much left. */
function checkBudget(label: string, bytes: number, { budget, maxBytes }: Settled): void {
  if (bytes > budget.left) {
    throw new RangeError(
      `Cannot take the values of "${label}" as those of one file may have at most ${maxBytes} bytes`,
    );
  }
  budget.left -= bytes;
}

/** Bytes of an array's values as they are kept. */
function keptBytes({ shape, dtype }: FileArray): number {
  const width = dtype === "u1" || dtype === "b1" ? 1 : dtype === "u2" ? 2 : 4;
  return countOf(shape) * width;
}

/** An array of a file as values of an input, one for each example. */
async function readAs(
  input: InputShape,
  array: FileArray,
  label: string,
  limits: Settled,
): Promise<RawArray[]> {
  const layout = layoutFor(input, array.shape, label);
  checkLimits(label, layout, limits);
  checkBudget(label, keptBytes(array) * (layout.bandsFirst ? 2 : 1), limits);
  const { data } = await array.read();
  return split(layout, data, array);
}

/** Cuts values into examples, each with the limits of all. */
function split(
  layout: Layout,
  data: Awaited<ReturnType<FileArray["read"]>>["data"],
  file: FileArray,
): RawArray[] {
  const all = rawValues(data), limits = all instanceof Uint8Array ? undefined : limitsOf(all);
  const cut = cutExamples(all, layout, { ...file, limits });
  if (!layout.bandsFirst) return cut;
  return cut.map((example) => ({ ...example, data: bandsLast(example.data, layout.shape) }));
}

/** Pages that make up one example together: the frames of a volume, the bands of a field. */
async function readPages(
  input: InputShape,
  file: OpenedFile,
  limits: Settled,
): Promise<RawArray[] | undefined> {
  const { arrays } = file, [{ shape: page }] = arrays;
  const kind = inputKindOf(input);
  const stacked = [arrays.length, ...(page.at(-1) === 1 ? page.slice(0, -1) : page)];
  const isStack = kind !== undefined && kind.kind !== "picture" && arrays.length > 1 &&
    arrays.every(({ isPicture, shape }) => isPicture && shape.join() === page.join());
  const layout = isStack ? kind.layout(input.raw ?? input.shape, stacked) : undefined;
  if (!layout) return undefined;
  const types = [...new Set(arrays.map(({ dtype }) => dtype))];
  if (types.length > 1) {
    throw new TypeError(
      `Cannot take the pages of "${file.name}" as ${kind!.noun} as they must be of one type: got ${
        types.join(", ")
      }`,
    );
  }
  checkLimits(file.name, layout, limits);
  checkBudget(file.name, 2 * arrays.length * keptBytes(arrays[0]), limits); // the pages, and all of them joined
  const parts = await Promise.all(arrays.map(async (array) => rawValues((await array.read()).data)));
  const all = new (parts[0].constructor as new (length: number) => RawValues)(countOf(stacked));
  parts.forEach((part, i) => all.set(part, i * countOf(page)));
  return split(layout, all, arrays[0]);
}

/** Examples of a model of one input: those of every array of the file, one after the other. */
async function singleInput(file: OpenedFile, name: string, limits: Settled): Promise<Found[]> {
  const [input] = limits.inputs, { arrays } = file;
  const named = (part: string) => (values: RawArray, i: number, all: readonly RawArray[]): Found => ({
    name: all.length === 1 ? part : `${part}[${i}]`,
    arrays: { [input.name]: values },
  });
  if (arrays.length === 0) throw new TypeError(`Cannot score "${name}" as it holds no array of numbers`);
  const pages = await readPages(input, file, limits);
  if (pages) return pages.map(named(name));
  const found: Found[] = [];
  for (const array of examplesOf(input, arrays)) {
    const label = arrays.length > 1 ? `${name}[${array.name}]` : name;
    found.push(...(await readAs(input, array, label, limits)).map(named(label)));
  }
  return found;
}

/** Examples of a model of several inputs, from a file that has an array of each one's name. */
async function severalInputs(file: OpenedFile, name: string, limits: Settled): Promise<Found[]> {
  const read = new Map<string, RawArray[]>();
  for (const input of limits.inputs) {
    const array = file.arrays.find((array) => array.name.replace(/^\//, "") === input.name);
    if (!array) {
      const wanted = limits.inputs.map((input) => `"${input.name}"`).join(", ");
      const there = file.arrays.map((array) => `"${array.name}"`).join(", ") || "none";
      throw new TypeError(
        `Cannot score "${name}" as it must hold an array for each input, ${wanted}: it has ${there}`,
      );
    }
    read.set(input.name, await readAs(input, array, `${name}[${array.name}]`, limits));
  }
  return joinInputs(read, name);
}

async function inMembers(file: OpenedFile, name: string, limits: Settled): Promise<Found[]> {
  const found: Found[] = [];
  for (const member of file.members!) {
    const inner = `${name}/${member.name}`;
    if (member.name.endsWith("/")) continue;
    try {
      const content = await member.bytes();
      if (sniffFormat(content)?.name === "zip") throw new TypeError("a zip within a zip is not opened");
      found.push(...await inOwnWords(inner, () => findIn(content, limits, { name: inner })));
    } catch (error) {
      found.push({ name: inner, fault: (error as Error).message });
    }
    if (found.length > limits.maxExamples) {
      throw new RangeError(`Cannot take more than ${limits.maxExamples} examples from one file`);
    }
  }
  return found;
}

/** An example with what is to be known of its file. */
function withNotes(found: Found, notes: readonly string[]): Found {
  if (!("arrays" in found)) return found;
  const [[first, array], ...others] = Object.entries(found.arrays);
  return { ...found, arrays: Object.fromEntries([[first, { ...array, notes }], ...others]) };
}

/**
 * Finds the examples in a file.
 *
 * Memory: what the file unpacks to, its arrays in their own type, and the values that are kept, each at most `maxBytes`; a
 * member of an archive at a time.
 *
 * @param bytes The whole file.
 * @param options The model's inputs, limits, and the file's name for messages and results.
 * @returns The examples in order; in an archive, one that cannot be read is a fault and the others are still there.
 * @throws {SyntaxError} If the file is damaged.
 * @throws {TypeError} If it is of no format that is read, or holds nothing that the model takes.
 * @throws {RangeError} If it passes a limit.
 * @example
 * ```ts
 * import { encodeNpy } from "../io/npy.ts";
 * import { findExamples } from "./examples.ts";
 * const file = encodeNpy({ data: new Float32Array(2 * 5 * 5), shape: [2, 5, 5] });
 * (await findExamples(file, { name: "run7.npy" })).map(({ name }) => name); // "run7.npy[0]", "run7.npy[1]"
 * ```
 */
export async function findExamples(bytes: Uint8Array, options: ExampleOptions = {}): Promise<Found[]> {
  const { maxPixels = 1 << 26, maxExamples = 4096, maxBytes = 1 << 28, unpack = false } = options;
  const { name = "file", page } = options, inputs = inputsOf(options), budget = { left: maxBytes };
  const limits: Settled = { inputs, maxPixels, maxExamples, maxBytes, unpack, budget };
  return await inOwnWords(name, () => findIn(bytes, limits, { name, page }));
}

/** Passes on what was thrown for people; what V8 says of a mistake of the program is not for them. */
async function inOwnWords(name: string, work: () => Promise<Found[]>): Promise<Found[]> {
  try {
    return await work();
  } catch (error) {
    if (isForeseen(error)) throw error;
    const failed = `Cannot open "${name}" as its content is not what its format says`;
    throw new SyntaxError(failed, { cause: error });
  }
}

async function findIn(
  bytes: Uint8Array,
  limits: Settled,
  { name, page }: { name: string; page?: number },
): Promise<Found[]> {
  const { inputs, maxPixels, maxExamples, maxBytes } = limits;
  const packed = packedPicture(bytes, { ...limits, name, page });
  if (packed) return packed;
  if (inputs.every(({ hits }) => hits)) {
    const { hitExamples } = await import("./hit_examples.ts");
    const events = await hitExamples(bytes, { inputs, name, maxExamples, maxBytes, page });
    if (events) return events;
  }
  const file = await openFile(bytes, { name, maxPixels, maxBytes, maxMembers: maxExamples });
  try {
    const own = file.name;
    const found = file.members
      ? await inMembers(file, own, limits)
      : inputs.length > 1
      ? await severalInputs(file, own, limits)
      : await singleInput(file, own, limits);
    const noted = file.warnings.length > 0 ? found.map((one) => withNotes(one, file.warnings)) : found;
    return pageOf(noted, { page, name: own });
  } finally {
    file.close();
  }
}
