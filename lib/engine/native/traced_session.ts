/**
 * A trace run by a session of TensorFlow's instead of as a function, which alone says how long each op takes.
 * @module
 */
import type { NativeRuntime } from "./native_runtime.ts";
import { decodeStepStats, type OpRun } from "./step_stats.ts";
import { quietly } from "./system_library.ts";

/** `RunOptions { trace_level: FULL_TRACE }`. */
const FULL_TRACE = Uint8Array.of(1 << 3, 3);

/** Places in a graph, as C takes them, 16 bytes each. */
type Outputs = Uint8Array<ArrayBuffer>;

/** A graph that is ready to run. */
export class TracedSession {
  readonly #runtime: NativeRuntime;
  readonly #session: Deno.PointerValue;
  readonly #inputs: Outputs;
  readonly #results: Outputs;
  readonly #parts: ReadonlyMap<string, string>;

  /**
   * @param parts From the names of parts as they stand in the graph to their own.
   * @throws {Error} If TensorFlow does not take the graph.
   */
  constructor(
    runtime: NativeRuntime,
    graph: Deno.PointerValue,
    { inputs, results, parts }: { inputs: Outputs; results: Outputs; parts: ReadonlyMap<string, string> },
  ) {
    this.#runtime = runtime;
    this.#parts = parts;
    this.#inputs = inputs;
    this.#results = results;
    const { symbols: c, status, config } = runtime;
    const options = c.TF_NewSessionOptions();
    c.TF_SetConfig(options, config, BigInt(config.length), status);
    this.#session = c.TF_NewSession(graph, options, status);
    c.TF_DeleteSessionOptions(options);
    runtime.check("Cannot open a session for a profile");
  }

  /**
   * Runs the graph once; what it gives is let go.
   *
   * @param ids Tensors for the inputs, in their order.
   * @returns What each op took.
   */
  run(ids: readonly number[]): OpRun[] {
    const { symbols: c, status } = this.#runtime;
    const given = BigUint64Array.from(ids, (id) => this.#runtime.resolve(id));
    const made = new BigUint64Array(this.#results.length / 16);
    const level = c.TF_NewBufferFromString(FULL_TRACE, BigInt(FULL_TRACE.length)), told = c.TF_NewBuffer();
    try {
      // TensorFlow tells the log of every profile that it begins and ends.
      quietly(() =>
        c.TF_SessionRun(
          this.#session,
          level,
          this.#inputs,
          new Uint8Array(given.buffer),
          given.length,
          this.#results,
          new Uint8Array(made.buffer),
          made.length,
          null,
          0,
          told,
          status,
        )
      );
      this.#runtime.check("Cannot profile a compiled function");
      return decodeStepStats(this.#runtime.bytesOf(told), this.#parts);
    } finally {
      for (const tensor of [...given, ...made]) {
        if (tensor) c.TF_DeleteTensor(Deno.UnsafePointer.create(tensor));
      }
      c.TF_DeleteBuffer(level);
      c.TF_DeleteBuffer(told);
    }
  }

  /** Frees session and graph. */
  close(): void {
    const { symbols: c, status } = this.#runtime;
    c.TF_CloseSession(this.#session, status);
    c.TF_DeleteSession(this.#session, status);
  }
}
