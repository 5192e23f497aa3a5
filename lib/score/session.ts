/**
 * ONNX Runtime behind one small interface: the native library where there is one, WebAssembly where there is not.
 *
 * Either package is loaded when the first session is opened and not before, so importing this file needs no native
 * code, file system or environment. @module
 */
import { fromOnnxType, ONNX_TYPES, type Tensor, type TensorData, type TensorInfo } from "./tensor.ts";
import type { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";

/** Which build of ONNX Runtime computes. */
export type Runtime = "native" | "wasm";

/** A loaded model. One call of `run` at a time. */
export interface Session {
  /** What the model takes, in its own order. */
  readonly inputs: readonly TensorInfo[];
  /** What it gives, in its own order. */
  readonly outputs: readonly TensorInfo[];
  /** Runs the model on one tensor for every input. The results share no memory with the model. */
  run(inputs: readonly Tensor[]): Promise<Tensor[]>;
  /** Frees the model. */
  close(): Promise<void>;
}

/** Options for {@linkcode openSession}. */
export interface SessionOptions {
  /** Which ONNX Runtime computes. @default {"native"} */
  runtime?: Runtime;
  /** Threads within one operation. @default {1} */
  threads?: number;
  /** The bytes of ONNX Runtime's .wasm file, for hosts that cannot read it from the npm package. */
  wasmBinary?: Uint8Array<ArrayBuffer>;
}

interface Onnx {
  InferenceSession: typeof InferenceSession;
  Tensor: typeof OnnxTensor;
}

const SEVERITY_ERROR = 3; // ONNX Runtime's log levels: 0 verbose to 4 fatal

async function loadNative(): Promise<Onnx> {
  const module = await import("onnxruntime-node");
  return (module as unknown as { default: Onnx }).default;
}

/** The package whose .wasm file is read while its code is: the one in deno.json. */
export const WEB_VERSION = "1.30.0";

/**
 * The .wasm file of the npm package, read in one go: ONNX Runtime would stream it through Node's file system, which takes
 * 30 ms more of a cold start. Undefined where there is no such file, as in a bundle, or it may not be read.
 */
async function readWasm(): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { resolve } = import.meta; // given a name that publishing need not rewrite
    const entry = resolve(`npm:onnxruntime-web@${WEB_VERSION}/wasm`);
    return await Deno.readFile(new URL("ort-wasm-simd-threaded.wasm", entry));
  } catch {
    return undefined; // ONNX Runtime looks for it itself, and says what is missing
  }
}

let wasm: Promise<Onnx> | undefined;

async function loadWasm(given?: Uint8Array<ArrayBuffer>): Promise<Onnx> {
  const [module, wasmBinary] = await Promise.all([
    import("onnxruntime-web/wasm"),
    given ?? readWasm(),
  ]);
  module.env.wasm.numThreads = 1; // more need shared memory and blob: workers, which edge hosts refuse
  module.env.logLevel = "error";
  if (wasmBinary) module.env.wasm.wasmBinary = wasmBinary.buffer;
  return module as unknown as Onnx;
}

function loadRuntime({ runtime = "native", wasmBinary }: SessionOptions): Promise<Onnx> {
  if (runtime === "native") return loadNative();
  return wasm ??= loadWasm(wasmBinary).catch((error) => {
    wasm = undefined; // the next session tries again
    throw error;
  });
}

/** The least model there is, y = x. */
const IDENTITY = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBE=";

/**
 * Starts ONNX Runtime before there is a model: WebAssembly is read, compiled and set up meanwhile, most of a cold start.
 *
 * What goes wrong is not told here but by {@linkcode openSession}.
 *
 * @returns When the runtime is read and other threads have begun to compile it: this one is free for other work.
 */
export async function warmRuntime(options: SessionOptions = {}): Promise<void> {
  try {
    await loadRuntime(options);
    const identity = openSession(Uint8Array.fromBase64(IDENTITY), options);
    identity.then((session) => session.close()).catch(() => {});
  } catch {
    // told when it matters
  }
}

type Metadata = readonly {
  name: string;
  isTensor: boolean;
  type?: string;
  shape?: readonly (number | string)[];
}[];

function describe(metadata: Metadata): TensorInfo[] {
  return metadata.map(({ name, type, shape }) => ({
    name,
    type: fromOnnxType(type ?? "no tensor"),
    shape: (shape ?? []).map((size) => typeof size === "number" && size >= 0 ? size : -1),
  }));
}

/**
 * Loads an ONNX model.
 *
 * @param onnx The bytes of a .onnx file; not kept.
 * @throws {Error} ONNX Runtime's own words if the bytes are no model that it can run.
 * @throws {TypeError} If the model has an input or output that is no tensor of a known type.
 */
export async function openSession(onnx: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { runtime = "native", threads = 1 } = options;
  const ort = await loadRuntime(options);
  // The native binding refuses shared memory.
  const bytes = onnx.buffer instanceof ArrayBuffer ? onnx : Uint8Array.from(onnx);
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [runtime === "native" ? "cpu" : "wasm"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: SEVERITY_ERROR,
    // Without vendor libraries under it, ONNX Runtime's fused operations are slower than the plain ones, and take longer
    // to load.
    graphOptimizationLevel: runtime === "native" ? "all" : "basic",
    enableCpuMemArena: true,
  });
  const inputs = describe(session.inputMetadata as Metadata),
    outputs = describe(session.outputMetadata as Metadata);
  return {
    inputs,
    outputs,
    async run(tensors) {
      const feeds: Record<string, OnnxTensor> = {};
      for (const { name, type, shape, data } of tensors) {
        feeds[name] = new ort.Tensor(ONNX_TYPES[type] as "float32", data as Float32Array, shape);
      }
      const results = await session.run(feeds);
      return outputs.map(({ name, type }) => {
        const { data, dims } = results[name];
        return { name, type, shape: [...dims], data: data as unknown as TensorData };
      });
    },
    close: () => session.release(),
  };
}
