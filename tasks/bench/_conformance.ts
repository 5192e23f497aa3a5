/**
 * Random models and recipes of Keras, judged: read here, run and trained on the backends, written back, and compared.
 *
 * A model or a recipe is exact, refused by name, or wrong. `peers/conformance.py` makes them. @module
 */
import { join } from "@std/path";
import ort from "onnxruntime-node";
import { fromArrays, type NdArray } from "../../lib/data/source.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { decodeKeras } from "../../lib/export/keras_read.ts";
import { encodeKeras } from "../../lib/export/keras_write.ts";
import { encodeOnnx } from "../../lib/export/onnx_write.ts";
import { recipeFromKeras } from "../../lib/run/keras_recipe.ts";
import { fit } from "../../lib/train/mod.ts";
import { CliError } from "../_cli.ts";
import { Peer } from "./_bench.ts";

/** The Python program, started again where TensorFlow has taken it down. */
export class KerasPeer {
  readonly #python: string;
  readonly #env: Record<string, string>;
  #peer: Peer | undefined;

  constructor(python: string, env: Record<string, string> = {}) {
    this.#python = python;
    this.#env = env;
  }

  /** Asks; where Python has ended without an answer, that is the error. */
  async ask<T extends { error?: string }>(request: Record<string, unknown>): Promise<T> {
    this.#peer ??= new Peer(this.#python, [PROGRAM], this.#env);
    try {
      return await this.#peer.ask<T>(request);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.#peer = undefined;
      return { error: ENDED } as T;
    }
  }

  /** Ends the program. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer?.[Symbol.asyncDispose]();
  }
}

const PROGRAM = new URL("peers/conformance.py", import.meta.url).pathname;
/** What is said where Python ended: such a case says nothing of us, and is left out. */
const ENDED = "Python has ended";

/** What became of one model or recipe. */
export interface Verdict {
  seed: number;
  /** Classes of its layers. */
  used: readonly string[];
  /** Options of these, and parts of the recipe, such as `Conv2D.padding=same`. */
  options: readonly string[];
  outcome: "exact" | "refused" | "wrong";
  /** Where it was refused or wrong, and how. */
  why: string;
}

/** An array on its way from Python. */
export interface PeerArray {
  shape: number[];
  dtype: string;
  data: number[];
}

/** What Python says of a model. */
export interface PeerModel {
  error?: string;
  inputs: PeerArray[];
  outputs: PeerArray[];
  used: string[];
  options?: string[];
  /** By output, how far Keras's own values are off by rounding, as it says itself; asked for where ours differ. */
  apart?: number[];
}

interface PeerRecipe {
  error?: string;
  inputs: PeerArray[];
  targets: Record<string, PeerArray>;
  weight: PeerArray | null;
  classWeights: number[] | null;
  losses: number[];
  otherLosses: number[];
  metrics: number[][];
  used: string[];
  options: string[];
  parts: [string, string][];
}

/** Backends that are compared. */
export type Backend = "tensorflow" | "wasm" | "cpu";

const BACKENDS: readonly Backend[] = ["cpu", "wasm", "tensorflow"];
/** How far outputs may be apart: relative to their own size, and to the largest of them. */
const RELATIVE = 1e-4, OF_LARGEST = 1e-6;
/** How many times what Keras's own values are off they may be apart, as long as that is a small share of the largest. */
const TIMES_OWN = 4, LARGEST_OWN = 1e-4;

/** Thrown where numbers differ. */
class Difference extends Error {}

type Shaped = { shape: readonly number[]; data: ArrayLike<number> };

function compare(actual: readonly Shaped[], wanted: readonly Shaped[], own: readonly number[] = []): void {
  const shapes = (all: readonly Shaped[]) => JSON.stringify(all.map(({ shape }) => shape));
  if (shapes(actual) !== shapes(wanted)) {
    throw new Difference(`shapes ${shapes(actual)}, Keras has ${shapes(wanted)}`);
  }
  actual.forEach(({ data }, i) => {
    const theirs = wanted[i].data;
    let largest = 0;
    for (let j = 0; j < theirs.length; j++) largest = Math.max(largest, Math.abs(theirs[j]));
    const rounding = TIMES_OWN * Math.min(own[i] ?? 0, LARGEST_OWN * largest);
    for (let j = 0; j < theirs.length; j++) {
      const apart = Math.abs(data[j] - theirs[j]);
      if (apart <= RELATIVE * Math.abs(theirs[j]) + OF_LARGEST * largest + 1e-6 + rounding) continue;
      throw new Difference(`output ${i} has ${data[j]} at ${j}, Keras ${theirs[j]}`);
    }
  });
}

function tensorOf({ data, shape, dtype }: PeerArray): tf.Tensor {
  return tf.tensor(data, shape, dtype.startsWith("int") ? "int32" : "float32");
}

function predict(model: tf.LayersModel, inputs: readonly PeerArray[]): Shaped[] {
  return tf.tidy(() => {
    const x = inputs.map(tensorOf);
    const made = [model.predict(x.length > 1 ? x : x[0])].flat() as tf.Tensor[];
    return made.map((tensor) => ({ shape: tensor.shape, data: tensor.dataSync() }));
  });
}

async function runOnnx(bytes: Uint8Array, inputs: readonly PeerArray[]): Promise<Shaped[]> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const feeds = inputs.map(({ data, shape, dtype }, i) => {
      const values = dtype.startsWith("int") ? Int32Array.from(data) : Float32Array.from(data);
      return [session.inputNames[i], new ort.Tensor(values, shape)] as const;
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    return session.outputNames.map((name) => ({
      shape: outputs[name].dims,
      data: outputs[name].data as Float32Array,
    }));
  } finally {
    await session.release();
  }
}

/** An outcome of what was thrown: only a refusal by name, before anything was computed, is one. */
function outcomeOf(step: string, error: unknown): Pick<Verdict, "outcome" | "why"> {
  const named = step === "read" || step.startsWith("write") || step === "recipe";
  const refused = named && (error instanceof SyntaxError || error instanceof TypeError) &&
    /^Cannot /.test(error.message);
  return {
    outcome: refused ? "refused" : "wrong",
    why: `${step}: ${(error as Error).message.split("\n")[0]}`,
  };
}

/**
 * Judges one model that Python saved: the first step that fails says why.
 *
 * @param checker Where given, a Python program that looks at the ONNX file as well, with `onnx.checker` in full and ONNX
 * Runtime at batches of 1, 2 and 7.
 */
export async function judgeModel(
  file: string,
  theirs: PeerModel,
  { checker, backends = BACKENDS }: { checker?: KerasPeer; backends?: readonly Backend[] } = {},
): Promise<Pick<Verdict, "outcome" | "why">> {
  const { inputs, outputs, apart } = theirs, bytes = await Deno.readFile(file);
  let step = "read";
  try {
    for (const [i, backend] of backends.entries()) {
      await startEngine({ backend });
      step = "read";
      const { model } = await decodeKeras(bytes);
      step = backend;
      compare(predict(model, inputs), outputs, apart);
      if (i === 0) {
        step = "write .keras";
        const written = await encodeKeras(model);
        step = "written .keras";
        const again = (await decodeKeras(written)).model;
        compare(predict(again, inputs), outputs, apart);
        again.dispose();
        step = "write .onnx";
        const onnx = encodeOnnx(model);
        step = "written .onnx";
        compare(await runOnnx(onnx, inputs), outputs, apart);
        if (checker) await checkOnnx(checker, onnx, file);
      }
      model.dispose();
    }
    return { outcome: "exact", why: "" };
  } catch (error) {
    return outcomeOf(step, error);
  }
}

async function checkOnnx(checker: KerasPeer, onnx: Uint8Array, file: string): Promise<void> {
  const place = `${file}.onnx`;
  await Deno.writeFile(place, onnx);
  const { error } = await checker.ask<{ error?: string }>({ task: "check", file: place });
  await Deno.remove(place);
  if (error !== undefined) throw new Difference(error);
}

const ndArray = ({ data, shape, dtype }: PeerArray): NdArray => ({
  data: dtype.startsWith("int") ? Int32Array.from(data) : Float32Array.from(data),
  shape,
});

/** Values of all weights, in the model's order. */
async function weightsOf(file: string): Promise<Shaped[]> {
  const { model } = await decodeKeras(await Deno.readFile(file));
  const all = model.getWeights().map((weight) => ({ shape: weight.shape, data: weight.dataSync() }));
  model.dispose();
  return all;
}

/** How Keras itself shows what rounding does to a recipe. */
type Way = "order" | "double" | "nudged";

/**
 * How many times Keras's own difference is no fault of ours: one other order of the examples, or double precision, is one
 * example of rounding; of last bits that were moved several times the worst is taken.
 */
const OF_ITS_OWN: Readonly<Record<Way, number>> = { order: 20, double: 20, nudged: 2 };

/** How far a number that was trained may be off: by rounding, which Keras itself shows. */
function allowed(theirs: number, again: number, moved: number, way: Way): number {
  return 2e-5 + 2e-4 * Math.abs(theirs) + 3e-4 * moved + OF_ITS_OWN[way] * Math.abs(theirs - again);
}

/** Judges one recipe: three steps here against three steps there. */
async function judgeRecipe(
  files: { before: string; after: string; again: string },
  theirs: PeerRecipe,
  backends: readonly Backend[],
  way: Way,
): Promise<Pick<Verdict, "outcome" | "why">> {
  const bytes = await Deno.readFile(files.before);
  let step = "read";
  try {
    await startEngine({ backend: "cpu" });
    const [before, after, again] = [
      await weightsOf(files.before),
      await weightsOf(files.after),
      await weightsOf(files.again),
    ];
    for (const backend of backends) {
      await startEngine({ backend });
      step = "read";
      const file = await decodeKeras(bytes);
      step = "recipe";
      const { model } = file, recipe = recipeFromKeras(file);
      step = `${backend}, training`;
      const inputs = Object.fromEntries(model.inputNames.map((name, i) => [name, ndArray(theirs.inputs[i])]));
      const targets = Object.fromEntries(
        Object.values(theirs.targets).map((target, i) => [model.outputNames[i], ndArray(target)]),
      );
      const weight = theirs.weight ? { weight: Float32Array.from(theirs.weight.data) } : {};
      const source = fromArrays(inputs, targets, weight);
      const { epochs } = await fit(model, source, {
        ...recipe,
        epochs: 3,
        batch: source.size,
        shards: 1,
        ...(theirs.classWeights && { classWeights: theirs.classWeights }),
      });
      step = `${backend}, losses`;
      epochs.forEach(({ loss }, i) => {
        const wanted = theirs.losses[i], most = allowed(wanted, theirs.otherLosses[i], 0, way);
        if (!(Math.abs(loss - wanted) <= most)) {
          throw new Difference(`${loss} in step ${i + 1}, Keras ${wanted}`);
        }
      });
      step = `${backend}, metrics`;
      compareMetrics(Object.values(recipe.metrics).flat().length, epochs, theirs.metrics);
      step = `${backend}, weights`;
      const ours = model.getWeights().map((tensor) => ({ shape: tensor.shape, data: tensor.dataSync() }));
      ours.forEach(({ data }, i) => {
        const moved = Array.from(data, (_, j) => Math.abs(after[i].data[j] - before[i].data[j]));
        const largest = Math.max(0, ...moved);
        for (let j = 0; j < data.length; j++) {
          const wanted = after[i].data[j];
          if (Math.abs(data[j] - wanted) <= allowed(wanted, again[i].data[j], largest, way)) continue;
          const was = before[i].data[j];
          throw new Difference(`weight ${i} is ${data[j]} at ${j}, Keras's ${wanted}, both were ${was}`);
        }
      });
      model.dispose();
    }
    return { outcome: "exact", why: "" };
  } catch (error) {
    return outcomeOf(step, error);
  }
}

/** Metrics by their order; those of single examples may turn over by rounding, so that a whole one may differ by little. */
function compareMetrics(
  count: number,
  epochs: readonly Readonly<Record<string, number>>[],
  theirs: readonly (readonly number[])[],
): void {
  if (theirs.length !== count) return; // Keras has merged or split some
  epochs.forEach((epoch, step) => {
    const ours = Object.entries(epoch).filter(([name]) =>
      !/^(loss|.*Loss|learningRate|seconds|epoch)$/.test(name)
    );
    ours.slice(0, count).forEach(([name, value], i) => {
      const wanted = theirs[i][step];
      if (Math.abs(value - wanted) <= 1e-3 + 1e-3 * Math.abs(wanted)) return;
      throw new Difference(`${name} is ${value} in step ${step + 1}, Keras's ${wanted}`);
    });
  });
}

/** What {@linkcode judgeModels} and {@linkcode judgeRecipes} take. */
export interface JudgeOptions {
  /** The Python program. */
  peer: KerasPeer;
  /** An empty folder for files that come and go. */
  folder: string;
  /** Whether every ONNX file is checked in Python as well. @default {false} */
  check?: boolean;
  backends?: readonly Backend[];
  /** Told after each. */
  onVerdict?: (verdict: Verdict) => void;
}

/** Makes and judges a model of each seed. */
export async function judgeModels(seeds: readonly number[], options: JudgeOptions): Promise<Verdict[]> {
  const { peer, folder, check = false, backends } = options, verdicts: Verdict[] = [];
  const file = join(folder, "model.keras");
  for (const seed of seeds) {
    const theirs = await peer.ask<PeerModel>({ task: "model", seed, file });
    if (theirs.error === ENDED) continue;
    const how = { backends, ...(check && { checker: peer }) };
    let judged = theirs.error === undefined
      ? await judgeModel(file, theirs, how)
      : { outcome: "wrong" as const, why: `Keras itself: ${theirs.error}` };
    if (judged.outcome === "wrong" && theirs.error === undefined) {
      const { apart } = await peer.ask<{ error?: string; apart?: number[] }>({
        task: "apart",
        file,
        inputs: theirs.inputs,
      });
      if (apart !== undefined) judged = await judgeModel(file, { ...theirs, apart }, how);
    }
    const verdict = { seed, used: theirs.used ?? [], options: theirs.options ?? [], ...judged };
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  }
  return verdicts;
}

/** Makes and judges a recipe of each seed; `without` leaves parts of them out. */
export async function judgeRecipes(
  seeds: readonly number[],
  options: JudgeOptions & { without?: readonly string[] },
): Promise<Verdict[]> {
  const { peer, folder, without = [], backends = BACKENDS } = options, verdicts: Verdict[] = [];
  const files = {
    before: join(folder, "before.keras"),
    after: join(folder, "after.keras"),
    again: join(folder, "again.keras"),
  };
  for (const seed of seeds) {
    const ask = (way: Way) => peer.ask<PeerRecipe>({ task: "recipe", seed, ...files, without, way });
    const theirs = await ask("order");
    if (theirs.error === ENDED) continue;
    if (theirs.error?.includes("not JSON compliant")) continue; // Keras's own loss is not a number
    let judged = theirs.error === undefined
      ? await judgeRecipe(files, theirs, backends, "order")
      : { outcome: "wrong" as const, why: `Keras itself: ${theirs.error}` };
    for (const way of ["double", "nudged"] as const) { // what single precision leaves open is no fault of ours
      if (judged.outcome !== "wrong" || theirs.error !== undefined) break;
      const again = await ask(way);
      if (again.error === undefined) judged = await judgeRecipe(files, again, backends, way);
    }
    const { used = [], options: own = [], parts = [] } = theirs;
    const said = parts.map(([part, what]) => `${part}=${what}`);
    const verdict = { seed, used, options: [...own, ...said], ...judged };
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  }
  return verdicts;
}
