/**
 * `compile`: a function of tensors, traced once per input signature and from then on run as one TensorFlow function.
 * @module
 */
import { cName } from "./native/native_library.ts";
import { type TracedFunction, Tracer } from "./native/native_trace.ts";
import type { NativeRuntime } from "./native/native_runtime.ts";
import type { OpRun } from "./native/step_stats.ts";
import { typeAttribute } from "./native/native_types.ts";
import { advanceRandomState, randomStateTensor } from "./random/random_state.ts";
import { mixedPrecisionRefusal, type Precision } from "./precision.ts";
import { activeNative, type NativeBackend, type NativeEngine, state } from "./state.ts";
import { tf } from "./tf.ts";

/** What a compiled function may take and give: tensors, and arrays and objects of them. */
export type TensorTree = tf.Tensor | null | undefined | number | TensorTree[] | {
  [name: string]: TensorTree;
};

/** A compiled function: called like the one it was made from. */
export interface Compiled<Arguments extends readonly tf.Tensor[], Result extends TensorTree> {
  (...inputs: Arguments): Result;
  /** Ops in the graph of the latest trace; 0 where nothing is traced. */
  readonly ops: number;
  /** How many of its ops were put on devices, by device. */
  readonly placed: Readonly<Record<string, number>>;
  /** How many input signatures were traced. */
  readonly traces: number;
  /**
   * Runs the function some times, assigning nothing, and says where its time goes; undefined where nothing is traced.
   *
   * @param steps How often it is timed, after a first run that optimises the graph and is told apart.
   */
  profile(inputs: Arguments, steps: number): FunctionProfile | undefined;
  /** Frees the traced functions and what they captured. */
  dispose(): void;
}

/** Where the time of a compiled function goes. */
export interface FunctionProfile {
  /** Taking the graph down, ms. */
  traceMs: number;
  /** The first run, in which TensorFlow optimises the graph, ms. */
  firstMs: number;
  /** Runs after that: what each took from outside, ms, and its ops. */
  steps: { ms: number; ops: OpRun[] }[];
}

/** Options for {@linkcode compile}. */
export interface CompileOptions {
  /** In which numbers the layers of models that `applySharded` runs multiply. @default {"float32"} */
  precision?: Precision;
}

/** Parts of TensorFlow.js's engine that its public types leave out. */
interface EngineInternals {
  state: { registeredVariables: Record<string, tf.Variable> };
  nextTensorId(): number;
  disposeTensor(tensor: tf.Tensor): void;
  incRef(tensor: tf.Tensor, backend: unknown): void;
}

type Shape = "tensor" | null | undefined | number | Shape[] | { [name: string]: Shape };

interface Signature<Traced = TracedFunction> {
  traced: Traced;
  /** Variables read, in the order in which their values are passed. */
  inputs: tf.Variable[];
  /** Variables assigned, in the order in which their new values follow the results. */
  assigned: tf.Variable[];
  results: { shape: number[]; dtype: number }[];
  assignedRecords: { shape: number[]; dtype: number }[];
  structure: Shape;
}

function internals(): EngineInternals {
  return tf.engine() as unknown as EngineInternals;
}

/** Takes the tensors out of a tree, leaving its shape. */
function flatten(tree: TensorTree, tensors: tf.Tensor[]): Shape {
  if (tree instanceof tf.Tensor) {
    tensors.push(tree);
    return "tensor";
  }
  if (tree === null || tree === undefined || typeof tree === "number") return tree;
  if (Array.isArray(tree)) return tree.map((part) => flatten(part, tensors));
  return Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, flatten(part, tensors)]));
}

function unflatten(shape: Shape, next: () => tf.Tensor): TensorTree {
  if (shape === "tensor") return next();
  if (shape === null || shape === undefined || typeof shape === "number") return shape;
  if (Array.isArray(shape)) return shape.map((part) => unflatten(part, next));
  return Object.fromEntries(Object.entries(shape).map(([name, part]) => [name, unflatten(part, next)]));
}

/**
 * Runs a function as it is. What it gives back is the caller's alone: a tensor that was there before, such as an input or
 * a variable, or that is given twice, is given as one of its own, as a traced function does.
 */
function runPlainly(fn: (...inputs: tf.Tensor[]) => TensorTree, inputs: readonly tf.Tensor[]): TensorTree {
  const first = internals().nextTensorId(), given = new Set<tf.Tensor>();
  const own = (tensor: tf.Tensor) => {
    const fresh = tensor.id >= first && !(tensor instanceof tf.Variable) && !given.has(tensor);
    given.add(tensor);
    return fresh ? tensor : tf.clone(tensor);
  };
  return tf.tidy(() => {
    const tensors: tf.Tensor[] = [];
    const shape = flatten(fn(...inputs), tensors);
    const results = tensors.map(own);
    return unflatten(shape, () => results.shift()!) as never;
  });
}

/** Makes something of a finished trace that gives these results. */
type Finish<Traced> = (tracer: Tracer, outputs: readonly number[]) => Traced;

/** Runs `fn` symbolically and has `finish` make a function or session of what it did. Variables keep their values. */
function trace<Traced extends { variables: number[] }>(
  native: NativeEngine,
  fn: (...inputs: tf.Tensor[]) => TensorTree,
  inputs: readonly tf.Tensor[],
  { precision }: CompileOptions,
  finish: Finish<Traced>,
): Signature<Traced> {
  const { runtime, backend } = native;
  const engine = internals();
  const variables = Object.values(engine.state.registeredVariables);
  for (const variable of variables) ownValue(native, variable);
  // Values still waiting in JavaScript go to TensorFlow now, or the trace would take them for constants.
  const ids = backend.getInputTensorIds(variables);
  const tracer = new Tracer(runtime, new Map(ids.map((id, key) => [id, key])), {
    mixed: precision === "mixed",
  });
  const before = variables.map((variable) => variable.dataId);
  for (const dataId of before) backend.tensorMap.get(dataId).refCount++; // an assignment must not free the value
  const given = inputs.map((tensor) => {
    const [id] = backend.getInputTensorIds([tensor]);
    const { shape, dtype } = runtime.describe(id)!;
    return tracer.addArgument(shape, dtype);
  });
  runtime.sink = tracer;
  state.tracer = tracer;
  let signature: Signature<Traced> | undefined;
  const symbolic: tf.Tensor[] = [];
  try {
    signature = tf.tidy(() => {
      const results: tf.Tensor[] = [];
      const structure = flatten(fn(...given.map((record) => backend.createOutputTensor(record))), results);
      const assigned = variables.filter((variable, i) => variable.dataId !== before[i]);
      const outputs = [...results, ...assigned];
      const outputIds = backend.getInputTensorIds(outputs);
      const described = outputs.map((tensor, i) => describe(runtime, tensor, outputIds[i]));
      const traced = finish(tracer, outputIds);
      symbolic.push(...results);
      return {
        traced,
        inputs: traced.variables.map((key) => variables[key]),
        assigned,
        results: described.slice(0, results.length),
        assignedRecords: described.slice(results.length),
        structure,
      } as never;
    }) as Signature<Traced>;
    return signature;
  } finally {
    runtime.sink = undefined;
    state.tracer = undefined;
    variables.forEach((variable, i) => {
      if (variable.dataId !== before[i]) {
        engine.disposeTensor(variable);
        (variable as { dataId: object }).dataId = before[i];
        engine.incRef(variable, backend);
      }
      backend.tensorMap.get(before[i]).refCount--;
    });
    if (!signature) tracer.abandon();
    tracer.close();
  }
}

/** Gives a variable a value of its own where it shares one: the tracer tells variables apart by their values. */
function ownValue({ runtime, backend }: NativeEngine, variable: tf.Variable): void {
  if (backend.tensorMap.get(variable.dataId).refCount === 1) return;
  tf.tidy(() => {
    const [id] = backend.getInputTensorIds([variable]);
    const attribute = typeAttribute("T", runtime.describe(id)!.dtype);
    const [copy] = runtime.executeOp("Identity", [attribute], [id], 1);
    variable.assign(backend.createOutputTensor(copy) as tf.Tensor);
  });
}

function describe(runtime: NativeRuntime, tensor: tf.Tensor, id: number): { shape: number[]; dtype: number } {
  const dtype = runtime.describe(id)?.dtype ?? NATIVE_TYPES[tensor.dtype];
  return { shape: tensor.shape, dtype };
}

const NATIVE_TYPES: Record<string, number> = { float32: 1, int32: 3, bool: 10, complex64: 8 };

/**
 * `ConfigProto { graph_options { rewrite_options { meta_optimizer_iterations: ONE } } }` as protocol-buffer bytes. TensorFlow would
 * go over the graph twice; the second time takes a fifth of a first step and finds nothing in what is traced here.
 */
const OPTIMIZED_ONCE = Uint8Array.of(0x52, 0x04, 0x52, 0x02, 0x60, 0x01);

/**
 * Attributes of a call that has the graph optimised (Grappler: constants folded, equal parts merged, a convolution
 * joined with its bias and activation), an empty one for TensorFlow's own default. A function called without them runs
 * as it was traced.
 */
const OPTIMIZED: readonly [name: string, value: Uint8Array<ArrayBuffer>, length: bigint][] = [
  ["executor_type", new Uint8Array(1), 0n],
  ["config_proto", OPTIMIZED_ONCE, BigInt(OPTIMIZED_ONCE.length)],
];

/** Numbers of the tensors that a trace takes, in its order; the random state among them is the caller's to dispose. */
function inputIds(
  backend: NativeBackend,
  { traced, inputs: variables }: Signature<Pick<TracedFunction, "captures" | "usesRandom">>,
  inputs: readonly tf.Tensor[],
): { ids: number[]; random?: tf.Tensor } {
  const random = traced.usesRandom ? randomStateTensor() : undefined;
  const ids = [
    ...backend.getInputTensorIds(inputs),
    ...traced.captures,
    ...backend.getInputTensorIds([...variables, ...(random ? [random] : [])]),
  ];
  return { ids, random };
}

/** Runs a trace by a session, the first time with its preparation, and says what each op took. Nothing is assigned. */
function profile(
  native: NativeEngine,
  fn: (...inputs: tf.Tensor[]) => TensorTree,
  inputs: readonly tf.Tensor[],
  options: CompileOptions,
  steps: number,
): FunctionProfile {
  const clock = () => performance.now(), begin = clock();
  const signature = trace(native, fn, inputs, options, (tracer, outputs) => tracer.openSession(outputs));
  const { session, captures } = signature.traced, traced = clock();
  const { ids, random } = inputIds(native.backend, signature, inputs);
  try {
    session.run(ids);
    const prepared = clock();
    const runs = Array.from({ length: steps }, () => {
      const start = clock(), ops = session.run(ids);
      return { ms: clock() - start, ops };
    });
    return { traceMs: traced - begin, firstMs: prepared - traced, steps: runs };
  } finally {
    session.close();
    random?.dispose();
    for (const id of captures) native.runtime.deleteTensor(id);
  }
}

/** Refuses what this machine cannot do. @throws {Error} */
function checkPrecision({ precision }: CompileOptions): void {
  const refusal = precision === "mixed" ? mixedPrecisionRefusal() : undefined;
  if (refusal) throw new Error(`Cannot run in mixed precision: ${refusal}`);
}

/** Runs a traced function: one op, whatever it holds. */
function call(
  { runtime, backend }: NativeEngine,
  signature: Signature,
  inputs: readonly tf.Tensor[],
): TensorTree {
  const { traced, assigned, results } = signature;
  const { symbols: c, context, status } = runtime;
  const { ids, random } = inputIds(backend, signature, inputs);
  const op = c.TFE_NewOp(context, cName(traced.name), status);
  runtime.check("Cannot run a compiled function");
  let handles: BigUint64Array;
  try {
    for (const [name, value, length] of OPTIMIZED) c.TFE_OpSetAttrString(op, cName(name), value, length);
    for (const id of ids) c.TFE_OpAddInput(op, runtime.describe(id)!.handle, status);
    handles = runtime.run(op, results.length + assigned.length, traced.name, ids);
  } finally {
    c.TFE_DeleteOp(op);
    random?.dispose();
  }
  assigned.forEach((variable, i) => {
    const { shape, dtype } = signature.assignedRecords[i];
    replaceValue(runtime, backend, variable, runtime.adopt(handles[results.length + i], shape, dtype));
  });
  let at = 0;
  return unflatten(signature.structure, () => {
    const { shape, dtype } = results[at];
    return backend.createOutputTensor({ id: runtime.adopt(handles[at++], shape, dtype), shape, dtype });
  });
}

/** Gives a variable a new value without the bookkeeping of `assign`, unless others share its old one. */
function replaceValue(
  runtime: NativeRuntime,
  backend: NativeBackend,
  variable: tf.Variable,
  id: number,
): void {
  const entry = backend.tensorMap.get(variable.dataId);
  if (entry.refCount === 1) {
    if (entry.id >= 0) runtime.deleteTensor(entry.id);
    entry.id = id;
    entry.values = null;
    return;
  }
  const { shape, dtype } = runtime.describe(id)!;
  tf.tidy(() => {
    variable.assign(backend.createOutputTensor({ id, shape, dtype }) as tf.Tensor);
  });
}

/**
 * Makes a function of tensors run as one TensorFlow function.
 *
 * The ops that `fn` executes are traced once for every combination of input shapes and types; later calls run the
 * optimised graph. Variables that `fn` reads are looked up at each call and those it assigns are updated; create
 * them outside. Random ops of this engine draw new numbers at each call. Everything else that `fn` does (printing,
 * counting) happens only while it is traced. On other backends `fn` runs as it is, inside `tf.tidy`.
 *
 * @param fn Takes tensors; gives a tensor, or arrays and objects of them. Results become the caller's.
 * @param options In which numbers to multiply.
 * @returns A function with the same arguments and results, and `dispose`.
 * @throws {Error} At the first call, if `fn` reads a tensor's values or makes a shape that depends on them; the op
 * is named; or if it is to run in mixed precision on a machine without.
 * @example
 * ```ts
 * import { compile, startEngine } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const squareSum = compile((x) => tf.sum(tf.square(x)));
 * squareSum(tf.tensor1d([3, 4])).dataSync(); // 25
 * ```
 */
export function compile<Arguments extends readonly tf.Tensor[], Result extends TensorTree>(
  fn: (...inputs: Arguments) => Result,
  options: CompileOptions = {},
): Compiled<Arguments, Result> {
  const signatures = new Map<string, Signature>();
  let ops = 0, placed: Readonly<Record<string, number>> = {};
  const untyped = fn as unknown as (...inputs: tf.Tensor[]) => TensorTree;
  const compiled = (...inputs: Arguments): Result => {
    const native = activeNative();
    if (!native || state.tracer) {
      checkPrecision(options);
      const result = runPlainly(untyped, inputs) as Result;
      if (!state.tracer) advanceRandomState();
      return result;
    }
    const key = inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(" ");
    let signature = signatures.get(key);
    if (!signature) {
      checkPrecision(options);
      signature = trace(native, untyped, inputs, options, (tracer, outputs) => tracer.finish(outputs));
      ops = signature.traced.ops;
      placed = signature.traced.placed;
      signatures.set(key, signature);
    }
    const result = call(native, signature, inputs) as Result;
    if (signature.traced.usesRandom) advanceRandomState();
    return result;
  };
  const dispose = () => {
    const native = state.native;
    for (const { traced } of signatures.values()) {
      if (!native) break;
      const { symbols: c, context, status } = native.runtime;
      c.TFE_ContextRemoveFunction(context, cName(traced.name), status);
      for (const id of traced.captures) native.runtime.deleteTensor(id);
    }
    signatures.clear();
  };
  return Object.defineProperties(compiled, {
    ops: { get: () => ops },
    placed: { get: () => placed },
    traces: { get: () => signatures.size },
    profile: {
      value: (inputs: Arguments, steps: number) => {
        const native = activeNative();
        return native && profile(native, untyped, inputs, options, steps);
      },
    },
    dispose: { value: dispose },
  }) as Compiled<Arguments, Result>;
}
