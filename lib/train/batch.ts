/**
 * From a source to the examples inside a compiled step: gathered or read ahead, preprocessed, augmented, and cut into
 * shards that later ops work on side by side.
 * @module
 */
import {
  type Aligned,
  type AlignedTensor,
  type Augmentation,
  augmentation,
  type AugmentationStep,
  type Role,
} from "../augment/mod.ts";
import { type Batch, type HeldArrays, isNdArray, type NdArray, type Source } from "../data/source.ts";
import { type Held, onShardsDevice, splitBatch, takeRows, tf, toDevice } from "../engine/mod.ts";
import { type PreprocessingStep, type PrimitiveOp, primitiveOps } from "../image/preprocessing/mod.ts";
import { preprocessTensor } from "./preprocess_tensor.ts";

/** What is done to examples between the source and the model. */
export interface Preparation {
  /**
   * Steps that bring raw inputs to what the model takes, in training and in use; by input, or one list for a source of
   * one input. What reading has `applied` already is left out.
   */
  preprocessing?: readonly PreprocessingStep[] | Readonly<Record<string, readonly PreprocessingStep[]>>;
  /** Random variations in training, of every array that must follow; see {@linkcode AugmentedArrays}. */
  augmentation?: readonly AugmentationStep[];
  /** Which arrays the augmentation moves, by name. @default {every input of rank 3 or 4, as an image} */
  augmented?: AugmentedArrays;
}

/** How each array of an example, input or target, follows an augmentation; by its role, or by a function of the motion. */
export type AugmentedArrays = Readonly<Record<string, Role | Omit<AlignedTensor, "tensor">>>;

/** One batch as a compiled step takes it: the rows of held arrays, or all arrays of a stream. */
export type BatchTensors = tf.Tensor[];

/** Some examples inside the step. */
export interface Examples {
  /** By name, [batch, …]; float32, or int32 where the source has int32. */
  inputs: Record<string, tf.Tensor>;
  targets: Record<string, tf.Tensor>;
  /** [batch] where the source has weights. */
  weight?: tf.Tensor;
}

/** Batches of one source. */
export interface Batches {
  /**
   * Brings batch after batch, the next few already on their way.
   *
   * @param rows Numbers of the examples of every batch.
   * @returns Tensors for the step; the caller's.
   */
  feed(rows: Iterable<Uint32Array>): AsyncGenerator<{ indices: Uint32Array; tensors: BatchTensors }>;
  /** Inside the step: the examples of a batch, cut into at most so many shards. */
  parts(tensors: BatchTensors, options: { shards: number; training: boolean }): Examples[];
  dispose(): void;
}

/** Batches read in advance, where there is anything to read. */
const AHEAD = 3;

/** Options for {@linkcode createBatches}. */
export interface BatchesOptions extends Preparation {
  /** Looks at every batch that is read, before it is used; for arrays in memory once at all of them. */
  check?: (batch: Batch, indices: Uint32Array) => void;
}

/**
 * Opens a source for compiled steps.
 *
 * Arrays in memory are kept by the engine until `dispose`; sources that share arrays share what is kept.
 *
 * @throws {TypeError} If preprocessing or augmentation names an array that the source lacks.
 */
export function createBatches(source: Source, options: BatchesOptions = {}): Batches {
  const { check } = options;
  const ops = operations(source, options.preprocessing ?? []);
  const moved = augmentedArrays(source, options);
  const augment = options.augmentation?.length ? augmentation(options.augmentation) : undefined;
  const inputs = Object.keys(source.inputs), targets = Object.keys(source.targets);
  const kept = source.held && keep(source.held);
  if (source.held && check) checkHeld(source.held, check);

  async function* stream(rows: Iterable<Uint32Array>) {
    const waiting: { indices: Uint32Array; batch: Promise<Batch> }[] = [];
    const rest = rows[Symbol.iterator]();
    const order = () => {
      const { done, value: indices } = rest.next();
      if (done) return;
      const batch = source.read(indices);
      batch.catch(() => {}); // reported when its turn comes
      waiting.push({ indices, batch });
    };
    for (let i = 0; i < AHEAD; i++) order();
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const batch = await next.batch;
      order();
      check?.(batch, next.indices);
      yield { indices: next.indices, tensors: streamTensors(source, batch, next.indices.length) };
    }
  }

  async function* rowsOf(rows: Iterable<Uint32Array>) {
    for (const indices of rows) yield { indices, tensors: [rowTensor(source.held!, indices)] };
  }

  function gather(tensors: BatchTensors): Examples {
    if (kept) {
      const rows = tensors[0] as tf.Tensor1D;
      const take = (names: readonly string[]) =>
        Object.fromEntries(names.map((name) => [name, takeRows(kept.arrays[name], rows)]));
      return {
        inputs: take(inputs),
        targets: take(targets),
        weight: kept.weight && takeRows(kept.weight, rows),
      };
    }
    const named = (names: readonly string[], first: number) =>
      Object.fromEntries(names.map((name, i) => [name, tensors[first + i]]));
    return {
      inputs: named(inputs, 0),
      targets: named(targets, inputs.length),
      weight: source.weighted ? tensors[inputs.length + targets.length] : undefined,
    };
  }

  function prepare(examples: Examples): Examples {
    const prepared = Object.entries(examples.inputs)
      .map(([name, x]) => [name, ops[name].length === 0 ? x : preprocessTensor(ops[name], x)]);
    return { ...examples, inputs: Object.fromEntries(prepared) };
  }

  return {
    feed: (rows) => kept ? rowsOf(rows) : stream(rows),
    parts(tensors, { shards, training }) {
      const pieces = tensors.map((tensor) => splitBatch(tensor, shards));
      const parts = pieces[0].map((_, shard) => {
        const examples = gather(pieces.map((shares) => shares[shard]));
        return prepare(onDevice(examples, shard, pieces[0].length));
      });
      return training && augment ? augmentParts(augment, parts, moved) : parts;
    },
    dispose: () => kept?.release(),
  };
}

/** Examples on the device of their shard. */
function onDevice({ inputs, targets, weight }: Examples, shard: number, shards: number): Examples {
  const place = (x: tf.Tensor) => onShardsDevice(x, shard, shards);
  const all = (tensors: Record<string, tf.Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, place(x)]));
  return { inputs: all(inputs), targets: all(targets), weight: weight && place(weight) };
}

/** One draw for the batch, whatever its shards; each shard is moved by its own rows of it. */
function augmentParts(augment: Augmentation, parts: readonly Examples[], moved: AugmentedArrays): Examples[] {
  const shards = parts.map((part) => alignedArrays(part, moved));
  const arrays = Object.entries(shards[0]);
  const sites = arrays.map(([name, { role, tensor }]) => [name, { role, shape: tensor.shape.slice(1) }]);
  const examples = shards.reduce((sum, shard) => sum + Object.values(shard)[0].tensor.shape[0]!, 0);
  const draws = augment.sample(examples, Object.fromEntries(sites));
  return augment.applyShards(shards, draws).map((shard, i) => {
    const follow = (own: Record<string, tf.Tensor>) =>
      Object.fromEntries(Object.entries(own).map(([name, tensor]) => [name, shard[name]?.tensor ?? tensor]));
    const { inputs, targets, weight } = parts[i];
    return { inputs: follow(inputs), targets: follow(targets), weight };
  });
}

function alignedArrays({ inputs, targets }: Examples, moved: AugmentedArrays): Aligned {
  const all = { ...inputs, ...targets };
  const aligned = Object.entries(moved).map(([name, how]) => {
    const settings = typeof how === "string" ? { role: how } : how;
    return [name, { ...settings, tensor: all[name] }];
  });
  return Object.fromEntries(aligned);
}

function augmentedArrays(source: Source, { augmented, augmentation }: BatchesOptions): AugmentedArrays {
  const names = [...Object.keys(source.inputs), ...Object.keys(source.targets)];
  for (const name of Object.keys(augmented ?? {})) {
    if (!names.includes(name)) {
      throw new TypeError(`Cannot augment "${name}" as the source has ${names.join(", ")}`);
    }
  }
  if (augmented || !augmentation) return augmented ?? {};
  const images = Object.entries(source.inputs).filter(([, { shape }]) => shape.length >= 3);
  return Object.fromEntries(images.map(([name]) => [name, "image"]));
}

/** Tensor ops for every input: its steps, less those that reading has done. */
function operations(
  source: Source,
  preprocessing: NonNullable<Preparation["preprocessing"]>,
): Record<string, readonly PrimitiveOp[]> {
  const steps = stepsByInput(Object.keys(source.inputs), preprocessing);
  return Object.fromEntries(
    Object.entries(source.inputs).map(([name, { shape, applied = 0, white = 255 }]) => {
      const rest = (steps[name] ?? []).slice(applied);
      return [name, rest.length === 0 ? [] : primitiveOps(rest, shape, { white })];
    }),
  );
}

/**
 * Preprocessing by input, from one list or a list an input.
 *
 * @throws {TypeError} If it names an input that there is not, or is one list for several inputs.
 */
export function stepsByInput(
  inputs: readonly string[],
  preprocessing: NonNullable<Preparation["preprocessing"]>,
): Record<string, readonly PreprocessingStep[]> {
  if (Array.isArray(preprocessing)) {
    if (preprocessing.length > 0 && inputs.length !== 1) {
      throw new TypeError(
        `Cannot preprocess as one list of steps needs one input: give a list each for ${inputs.join(", ")}`,
      );
    }
    return { [inputs[0]]: preprocessing };
  }
  for (const name of Object.keys(preprocessing)) {
    if (!inputs.includes(name)) {
      throw new TypeError(`Cannot preprocess input "${name}" as the source has ${inputs.join(", ")}`);
    }
  }
  return preprocessing as Record<string, readonly PreprocessingStep[]>;
}

/** An array in the engine's keeping, and how many sources use it. */
interface Kept {
  readonly values: NdArray;
  readonly held: Held;
  users: number;
}

/** By the values that they were made of, so that training, validation and test examples share one array. */
const KEPT = new WeakMap<object, Kept>();

function acquire(values: NdArray): Kept {
  const found = KEPT.get(values.data);
  if (found && String(found.values.shape) === String(values.shape)) {
    found.users++;
    return found;
  }
  const kept = { values, held: toDevice(values.data, values.shape), users: 1 };
  KEPT.set(values.data, kept);
  return kept;
}

function release(kept: Kept): void {
  kept.users--;
  if (kept.users > 0) return;
  kept.held.dispose();
  if (KEPT.get(kept.values.data) === kept) KEPT.delete(kept.values.data);
}

/** Hands a source's arrays to the engine; those that it holds already are shared. */
function keep({ inputs, targets, weight }: HeldArrays) {
  const acquired: Kept[] = [];
  const held = (values: NdArray) => {
    const kept = acquire(values);
    acquired.push(kept);
    return kept.held;
  };
  const arrays: Record<string, Held> = {};
  for (const [name, array] of Object.entries({ ...inputs, ...targets })) {
    arrays[name] = isNdArray(array) ? held(array) : array;
  }
  return {
    arrays,
    weight: weight && held({ data: weight, shape: [weight.length] }),
    release: () => acquired.splice(0).forEach(release),
  };
}

/** Shows what is in memory to a check, all at once. */
function checkHeld(
  { inputs, targets, weight, rows }: HeldArrays,
  check: NonNullable<BatchesOptions["check"]>,
) {
  const here = (arrays: HeldArrays["inputs"]) =>
    Object.fromEntries(
      Object.entries(arrays).filter((entry): entry is [string, NdArray] => isNdArray(entry[1])),
    );
  const count = Object.values(inputs)[0].shape[0];
  check(
    { inputs: here(inputs), targets: here(targets), weight },
    rows ?? Uint32Array.from({ length: count }, (_, i) => i),
  );
}

/** The rows of held examples, int32 [batch]. */
function rowTensor({ rows }: HeldArrays, indices: Uint32Array): tf.Tensor1D {
  return tf.tensor1d(Int32Array.from(rows ? indices.map((index) => rows[index]) : indices), "int32");
}

function streamTensors(source: Source, batch: Batch, count: number): BatchTensors {
  const tensor = (name: string, array: NdArray | undefined, shape: readonly number[]) => {
    const wanted = [count, ...shape];
    const size = wanted.reduce((product, side) => product * side, 1);
    if (array?.data.length !== size) {
      throw new RangeError(
        `Cannot train on a batch of ${count} examples as its "${name}" must have ${size} values: ` +
          `got ${array?.data.length ?? "none"}`,
      );
    }
    return array.data instanceof Int32Array ? tf.tensor(array.data, wanted, "int32") : tf.tensor(
      array.data instanceof Float32Array ? array.data : Float32Array.from(array.data),
      wanted,
      "float32",
    );
  };
  const tensors = [
    ...Object.entries(source.inputs).map(([name, { shape }]) => tensor(name, batch.inputs[name], shape)),
    ...Object.entries(source.targets).map(([name, { shape }]) => tensor(name, batch.targets[name], shape)),
  ];
  if (source.weighted) {
    tensors.push(tensor("weight", batch.weight && { data: batch.weight, shape: [count] }, []));
  }
  return tensors;
}
