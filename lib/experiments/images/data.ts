/** A user's set, loaded and split, in the shape that the model takes. @module */
import { createHash } from "node:crypto";
import { createRng } from "../../base/rng.ts";
import type { Labels, OwnImages, OwnPixels, Part } from "../../data/own/mod.ts";
import { readOwnImages } from "../../data/own/mod.ts";
import { splitIndices } from "../../data/split.ts";
import { fromArrays, type NdArray, subset } from "../../data/source.ts";
import { preprocess } from "../../image/preprocessing/mod.ts";
import type { Image } from "../../io/image.ts";
import type { Data, LoadContext, RawExample } from "../../run/experiment.ts";
import { bare, checkShapes, type Plan, planInput, type PlanOptions } from "./plan.ts";

/** What a run of this experiment works with. */
export interface OwnData extends Data {
  set: OwnImages;
  plan: Plan;
  labels: Labels;
  /** Name of the model's output. */
  output: string;
  /** Rows of each part. */
  rows: Readonly<Record<Part, Uint32Array>>;
  /** Values as the model takes them before the steps on values, [n, …plan.shape]. */
  pixels: NdArray<Uint8Array | Float32Array>;
}

/** What loading needs of the options. */
export interface LoadOptions extends PlanOptions {
  data: string | undefined;
  images: string | undefined;
  labels: string | undefined;
  axes: string | undefined;
  column: string | undefined;
  names: readonly string[];
  task: "auto" | Labels["task"];
  validation: number;
  test: number;
  seed: number;
}

/** Most bytes of images in memory. */
const MOST_BYTES = 4 * 2 ** 30;

/** Fewest examples of a class, so that each part has one. */
const FEWEST_OF_CLASS = 3;

/** Numbers that stand for what an example is, for a stratified split; nothing where there is no class. */
function strataOf(labels: Labels): ArrayLike<number> | undefined {
  if (labels.task === "value") return undefined;
  if (labels.task === "classes") return labels.values;
  const width = labels.names.length, seen = new Map<string, number>();
  return Array.from({ length: labels.values.length / width }, (_, i) => {
    const key = labels.values.subarray(i * width, (i + 1) * width).join();
    if (!seen.has(key)) seen.set(key, seen.size);
    return seen.get(key)!;
  });
}

/** Refuses a class that cannot be in every part. */
function checkClasses(labels: Labels): void {
  if (labels.task !== "classes") return;
  labels.names.forEach((name, label) => {
    const count = labels.values.reduce((sum, value) => sum + (value === label ? 1 : 0), 0);
    if (count >= FEWEST_OF_CLASS) return;
    throw new RangeError(
      `Cannot split class "${name}" into training, validation and test as it has ${count} examples: ` +
        `at least ${FEWEST_OF_CLASS} are needed`,
    );
  });
}

/** Rows of the parts: as the place has them, what it lacks taken from training. */
export function splitRows(
  labels: Labels,
  count: number,
  parts: readonly Part[] | undefined,
  options: Pick<LoadOptions, "validation" | "test" | "seed">,
): Record<Part, Uint32Array> {
  const given = (part: Part) => Uint32Array.from(parts ?? [], (_, i) => i).filter((i) => parts![i] === part);
  const from = parts ? given("train") : Uint32Array.from({ length: count }, (_, i) => i);
  if (from.length === 0) throw new RangeError("Cannot train as there is no training image");
  const has = { validation: given("validation"), test: given("test") };
  const missing = (["validation", "test"] as const).filter((part) => has[part].length === 0);
  if (!parts) checkClasses(labels);
  const sizes = Object.fromEntries(
    missing.map((part) => [part, Math.max(1, Math.round(options[part] * from.length))]),
  );
  const strata = strataOf(labels);
  const split = splitIndices(from.length, sizes, {
    rng: createRng(options.seed, 1),
    labels: strata && Array.from(from, (row) => strata[row]),
  }) as Record<Part, Uint32Array>;
  const rowsOf = (part: Part) => split[part].map((i) => from[i]);
  return {
    train: rowsOf("train"),
    validation: missing.includes("validation") ? rowsOf("validation") : has.validation,
    test: missing.includes("test") ? rowsOf("test") : has.test,
  };
}

/** All images in the model's shape; 8-bit ones that need no resizing stay bytes. */
async function pixelsOf(set: OwnImages, plan: Plan, options: LoadOptions, { signal }: LoadContext) {
  const { geometry, shape } = plan, size = shape.reduce((a, b) => a * b, 1), count = set.images.length;
  const isBytes = geometry.length === 0 && set.looks[0].type === "8-bit";
  const bytes = count * size * (isBytes ? 1 : 4);
  if (bytes > MOST_BYTES) {
    throw new RangeError(
      `Cannot hold ${count} images of [${shape}] as they take ${
        (bytes / 2 ** 30).toFixed(1)
      } GiB: say a smaller --size`,
    );
  }
  const data = isBytes ? new Uint8Array(count * size) : new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    const pixels = bare(await set.images[i].read(), options);
    const values = geometry.length === 0 ? pixels.data : preprocess(geometry, pixels, { white: 255 }).data;
    data.set(values, i * size);
  }
  return { data, shape: [count, ...shape] };
}

function targetOf(labels: Labels): NdArray {
  const { values } = labels;
  if (labels.task !== "labels") return { data: values, shape: [values.length] };
  return { data: values, shape: [values.length / labels.names.length, labels.names.length] };
}

/** An image as its user has it, opacity and all. */
function rawOf({ data, shape, isPicture }: OwnPixels): Image | NdArray {
  const [height, width, channels] = shape;
  if (data instanceof Uint8Array && isPicture && shape.length === 3) {
    return { data, height, width, channels: channels as 1, depth: 8 };
  }
  return { data: data instanceof Uint8Array ? data : Float32Array.from(data), shape };
}

/** What an output may be called. */
function outputName(column: string): string {
  return column.replaceAll(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60) || "label";
}

/** What was found, in lines. */
function describe(set: OwnImages, labels: Labels, plan: Plan, rows: OwnData["rows"]): string[] {
  const { looks } = set, count = looks.length;
  const sizes = new Set(looks.map(({ shape }) => shape.slice(0, -1).join(" × ")));
  const channels = [...new Set(looks.map(({ shape }) => shape.at(-1)))].join(" or ");
  const low = looks.reduce((a, b) => Math.min(a, b.low), Infinity);
  const high = looks.reduce((a, b) => Math.max(a, b.high), -Infinity);
  const size = sizes.size === 1 ? [...sizes][0] : `${sizes.size} sizes`;
  const number = (x: number) => String(Number(x.toPrecision(5)));
  return [
    `Found ${count} images (${set.form}): ${size}, ${channels} ${
      channels === "1" ? "channel" : "channels"
    }, ${looks[0].type}, ` +
    `values from ${number(low)} to ${number(high)}`,
    labelsInWords(labels),
    ...set.notes,
    ...plan.said,
    `The model takes [${plan.shape}]; ${rows.train.length} images to train on, ${rows.validation.length} to ` +
    `validate, ${rows.test.length} to test`,
  ];
}

/** What is learned, and how often each label is there. */
export function labelsInWords(labels: Labels): string {
  if (labels.task === "value") {
    const low = labels.values.reduce((a, b) => Math.min(a, b)),
      high = labels.values.reduce((a, b) => Math.max(a, b));
    return `"${labels.column}" is a value from ${low.toPrecision(4)} to ${high.toPrecision(4)}`;
  }
  const counts = countLabels(labels).map(({ name, count }) => `${name} ${count}`);
  const shown = counts.length > 12 ? [...counts.slice(0, 12), "…"] : counts;
  const word = labels.task === "classes" ? "classes" : "labels, of which an image may have several";
  return `${labels.names.length} ${word}: ${shown.join(", ")}`;
}

/** How many images have each label. */
export function countLabels(labels: Exclude<Labels, { task: "value" }>): { name: string; count: number }[] {
  const width = labels.names.length;
  return labels.names.map((name, label) => {
    let count = 0;
    if (labels.task === "classes") { for (const value of labels.values) count += value === label ? 1 : 0; }
    else for (let i = label; i < labels.values.length; i += width) count += labels.values[i];
    return { name, count };
  });
}

/** Of the examples and of how they were split. */
function fingerprintOf({ fingerprint }: OwnImages, rows: OwnData["rows"]): string {
  const hash = createHash("sha256").update(fingerprint);
  for (const part of ["train", "validation", "test"] as const) hash.update(`${part} ${rows[part].join()}`);
  return hash.digest("hex");
}

/** Reads, plans and splits. */
export async function loadOwn(options: LoadOptions, context: LoadContext): Promise<OwnData> {
  if (options.data === undefined) {
    throw new RangeError(
      "Cannot train on images without knowing where they are: say --data FOLDER, ZIP or FILE",
    );
  }
  const set = await readOwnImages(options.data, {
    images: options.images,
    labels: options.labels,
    axes: options.axes,
    column: options.column,
    names: options.names,
    task: options.task === "auto" ? undefined : options.task,
    signal: context.signal,
    onProgress: (done, total) => context.onProgress?.({ label: "reading", done, total, unit: "images" }),
  });
  try {
    const { labels } = set;
    const rows = splitRows(labels, set.images.length, set.parts, options);
    const plan = await planInput(set, rows.train, options);
    checkShapes(set, plan, options);
    const pixels = await pixelsOf(set, plan, options, context);
    for (const line of describe(set, labels, plan, rows)) context.log(line);
    const output = outputName(labels.column);
    const all = fromArrays({ image: pixels }, { [output]: targetOf(labels) }, {
      applied: { image: plan.geometry.length },
    });
    return {
      set,
      plan,
      labels,
      output,
      rows,
      pixels,
      train: subset(all, rows.train),
      validation: subset(all, rows.validation),
      test: subset(all, rows.test),
      origin: `${options.data}, ${set.form}`,
      fingerprint: fingerprintOf(set, rows),
      raw: async (indices): Promise<RawExample[]> =>
        await Promise.all(
          indices.map(async (i) => ({ image: rawOf(await set.images[rows.test[i]].read()) })),
        ),
      dispose: () => set.close(),
    };
  } catch (error) {
    set.close();
    throw error;
  }
}
