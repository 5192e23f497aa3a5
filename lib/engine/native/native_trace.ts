/**
 * A trace: the ops that a function executes, taken down as a TensorFlow graph instead of being run, and turned into
 * one TensorFlow function.
 *
 * Nothing is computed while tracing: shapes come from TensorFlow's own shape inference. Small tensors made outside
 * become constants, so that the graph optimiser can fold them; large ones become captured inputs; variables become
 * inputs that are looked up again at every call.
 * @module
 */
import { type AttributeSetters, graphSetters, setAttribute } from "./native_attributes.ts";
import { MixedProducts } from "./mixed_products.ts";
import { cName } from "./native_library.ts";
import type { NativeRuntime, OpSink } from "./native_runtime.ts";
import {
  AttributeKind,
  DataType,
  describeTensor,
  type OpAttribute,
  type TensorRecord,
} from "./native_types.ts";
import { GRADIENT } from "./step_stats.ts";
import { TracedSession } from "./traced_session.ts";

/** One output of one graph operation, with what shape inference says of it. */
interface Symbol extends TensorRecord {
  /** The operation's name, for messages. */
  name: string;
  /** `TF_Output`, as the 16 bytes in which C passes it. */
  output: Uint8Array<ArrayBuffer>;
  /** The device that it is on, where that was said of something that it was made of. */
  device?: string;
}

/** What is known of the ops being traced. */
export interface TraceScope {
  /** The layer, those around it before it with slashes between, or another part of a step; absent between parts. */
  part?: string;
  /** Whether the part is a layer. */
  layer?: boolean;
  /** Whether the ops are of a gradient. */
  gradient?: boolean;
  /** Whether products stay float32 even in mixed precision. */
  exact?: boolean;
}

/** A finished trace. */
export interface TracedFunction {
  /** Name under which TensorFlow runs it. */
  name: string;
  /** Tensor ids of the captured inputs, in the order in which they follow the arguments; owned by the function. */
  captures: number[];
  /** Variables whose current value follows the captures, by the key that the tracer was given. */
  variables: number[];
  /** Whether the random state is the last input. */
  usesRandom: boolean;
  /** Ops in the graph, as the trace made it. */
  ops: number;
  /** How many of them were put on devices, by device. */
  placed: Readonly<Record<string, number>>;
}

/** A trace as a session. */
export interface TracedSessionInputs extends Omit<TracedFunction, "name"> {
  session: TracedSession;
}

/** Inputs that are lists: how many of the op's leading inputs belong to the list. */
const LIST_INPUTS: Record<string, (inputs: number) => number> = {
  AddN: (n) => n,
  Concat: (n) => n,
  ConcatV2: (n) => n - 1,
  Einsum: (n) => n,
  IdentityN: (n) => n,
  Pack: (n) => n,
};

/** How a trace is taken down. */
export interface TracerOptions {
  /** Above this many bytes a tensor from outside is captured rather than copied into the graph. @default {4096} */
  constantBytes?: number;
  /** Whether products of layers are taken down in bfloat16. @default {false} */
  mixed?: boolean;
  /** Whether the trace is of a part that others call: told from others by what is written down of it. @default {false} */
  part?: boolean;
}

/** Where and when an op is to run. */
interface Placement {
  /** Its device. @default {that of what it takes} */
  on?: string;
  /** An op that must be done before. */
  after?: Deno.PointerValue;
}

/** Ops whose last input is a list that stays empty. */
const EMPTY_LISTS = new Set(["CollectiveReduceV2"]), NOTHING = new Uint8Array(16);

let functions = 0;

/** A function that traces call, which TensorFlow compiles by XLA: its element-wise ops become one pass over memory. */
export interface TracedPart {
  name: string;
  /** `TF_Function`, to be copied into each graph that calls it. */
  pointer: Deno.PointerValue;
  outputs: readonly { shape: readonly number[]; dtype: number }[];
}

/** Parts by their graphs. They stay for as long as the process: what XLA made of one, it keeps by its name. */
const PARTS = new Map<string, TracedPart>();

/** Number of the next symbol, counted over all traces so that none is taken for another's; -1 is tfjs-node's "not yet in TensorFlow". */
let nextSymbol = -2;

/** Takes down ops as a graph. */
export class Tracer implements OpSink {
  readonly #runtime: NativeRuntime;
  readonly #graph: Deno.PointerValue;
  readonly #symbols = new Map<number, Symbol>();
  readonly #constants = new Map<number, Symbol>();
  readonly #captures = new Map<number, Symbol>();
  readonly #shared: number[] = [];
  readonly #variables = new Map<number, Symbol>();
  readonly #variableOf: ReadonlyMap<number, number>;
  readonly #arguments: Symbol[] = [];
  readonly #reshaped = new Map<number, Symbol>();
  readonly #setters: AttributeSetters;
  readonly #constantBytes: number;
  readonly #mixed: MixedProducts | undefined;
  /** To which part of the step the ops to come belong. */
  scope: TraceScope = {};
  readonly #partNames = new Map<string, string>();
  #random: Symbol | undefined;
  #randomOps = 0;
  readonly #placed: Record<string, number> = {};
  readonly #parts = new Set<TracedPart>();
  /** Of a part, its ops with what they take, line by line. */
  readonly #script: string[] | undefined;
  readonly #first = nextSymbol;
  #ops = 0;

  /**
   * @param runtime Where real tensors live.
   * @param variableOf From the tensor id that holds a variable's value now to the variable's key.
   */
  constructor(
    runtime: NativeRuntime,
    variableOf: ReadonlyMap<number, number>,
    { constantBytes = 4096, mixed = false, part = false }: TracerOptions = {},
  ) {
    if (part) this.#script = [];
    this.#constantBytes = constantBytes;
    this.#mixed = mixed ? new MixedProducts((...op) => this.#take(...op)) : undefined;
    this.#runtime = runtime;
    this.#variableOf = variableOf;
    this.#graph = runtime.symbols.TF_NewGraph();
    this.#setters = graphSetters(runtime.symbols);
  }

  /** Adds an argument of the function, under a name of its own if it is given one. */
  addArgument(shape: readonly number[], dtype: number, name?: string): TensorRecord {
    const symbol = this.#placeholder(shape, dtype, name);
    this.#arguments.push(symbol);
    return symbol;
  }

  /**
   * A key for one random op: int32 [2], different for every op of the trace and for every call.
   *
   * The state is an input of the function: (seed, counter). The op's place in the trace is mixed into the seed.
   */
  randomKey(): TensorRecord {
    this.#random ??= this.#placeholder([2], DataType.INT32);
    const place = Math.imul(++this.#randomOps, 0x9e3779b9) | 0;
    const offset = this.#runtime.createTensor([2], DataType.INT32, Int32Array.of(place, 0));
    const [key] = this.execute("AddV2", [{ name: "T", type: AttributeKind.TYPE, value: DataType.INT32 }], [
      this.#random.id,
      offset,
    ], 1);
    this.#runtime.deleteTensor(offset);
    return key;
  }

  refuseRead(id: number): never {
    const symbol = this.#symbols.get(id);
    throw new Error(
      symbol
        ? `Cannot read the result of op "${symbol.name}" (${
          describeTensor(symbol)
        }) inside a compiled function: ` +
          "return it and read it outside"
        : "Cannot read a tensor that was disposed",
    );
  }

  /** Whether products of layers are being taken down in bfloat16. */
  get isMixed(): boolean {
    return this.#mixed !== undefined && this.scope.layer === true && !this.scope.exact;
  }

  execute(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorRecord[] {
    const narrow = this.isMixed ? this.#mixed!.take(name, attributes, inputs) : undefined;
    return narrow ?? this.#take(name, attributes, inputs, outputs);
  }

  #take(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
    { on, after }: Placement = {},
  ): TensorRecord[] {
    const sources = inputs.map((id) => this.#resolve(id));
    if (name === "Reshape") {
      sources[0] = this.#reshaped.get(sources[0].id) ?? sources[0];
      if (this.#keepsShape(sources[0], inputs[1])) return [sources[0]];
    }
    this.#note(name, sources, attributes);
    const { symbols: c, status } = this.#runtime;
    const description = c.TF_NewOperation(this.#graph, cName(name), cName(this.#nodeName(name)));
    const listed = LIST_INPUTS[name]?.(sources.length) ?? 0;
    if (listed > 0) {
      c.TF_AddInputList(description, listOf(sources.slice(0, listed)), listed);
    }
    for (const source of sources.slice(listed)) c.TF_AddInput(description, source.output);
    if (EMPTY_LISTS.has(name)) c.TF_AddInputList(description, NOTHING, 0);
    if (after !== undefined) c.TF_AddControlInput(description, after);
    for (const attribute of attributes) {
      if (listed > 0 && attribute.name === "N") continue; // inferred from the list
      setAttribute(this.#setters, description, attribute);
    }
    const device = on ?? deviceOf(sources);
    if (device !== undefined) {
      c.TF_SetDevice(description, cName(device));
      this.#placed[device] = (this.#placed[device] ?? 0) + 1;
    }
    const operation = c.TF_FinishOperation(description, status);
    this.#runtime.check(
      `Cannot trace TensorFlow op "${name}" on ${sources.map(describeTensor).join(", ") || "no inputs"}`,
    );
    const made = Math.min(outputs, c.TF_OperationNumOutputs(operation));
    const results = Array.from({ length: made }, (_, index) => this.#symbol(operation, index, name, device));
    if (name === "Reshape") this.#reshaped.set(results[0].id, sources[0]);
    return results;
  }

  /** The part before the op's own name, in characters that TensorFlow takes, so that a profile tells whose it is. */
  #nodeName(op: string): string {
    const { part, gradient } = this.scope, name = `${op}_${this.#ops++}`;
    if (part === undefined) return name;
    const plain = part.replace(/[^\w/.-]/g, "_").replace(/^[^A-Za-z0-9.]/, "l$&");
    this.#partNames.set(plain, part);
    return `${plain}/${gradient ? `${GRADIENT}/` : ""}${name}`;
  }

  /** A tensor on a device, where what is made of it stays. */
  placeOn(id: number, device: string): TensorRecord {
    return this.#take("Identity", [], [id], 1, { on: device })[0];
  }

  /** The clock when a tensor is there: seconds, a float64 scalar. */
  timestampAfter(id: number): TensorRecord {
    return this.#symbol(this.#waitFor("Timestamp", [id]), 0, "Timestamp");
  }

  /** The same tensors, none of them there before all are. */
  afterAll(ids: readonly number[]): TensorRecord[] {
    const after = this.#waitFor("NoOp", ids);
    return ids.map((id) => this.#take("Identity", [], [id], 1, { after })[0]);
  }

  /** An op without inputs that runs when some tensors are there. */
  #waitFor(op: string, ids: readonly number[]): Deno.PointerValue {
    const { symbols: c, status } = this.#runtime;
    const description = c.TF_NewOperation(this.#graph, cName(op), cName(`${op}_${this.#ops++}`));
    for (const id of ids) {
      const address = new DataView(this.#resolve(id).output.buffer).getBigUint64(0, true);
      c.TF_AddControlInput(description, Deno.UnsafePointer.create(address));
    }
    const operation = c.TF_FinishOperation(description, status);
    this.#runtime.check(`Cannot trace op "${op}" after others`);
    return operation;
  }

  /** Turns what was traced into a function that gives `outputs`. */
  finish(outputs: readonly number[]): TracedFunction {
    const { symbols: c } = this.#runtime, name = `cloudchamber_${++functions}`;
    c.TF_DeleteFunction(this.#register(name, outputs));
    return { name, ...this.#taken() };
  }

  /** What was traced as a function that TensorFlow knows by this name; the pointer becomes the caller's. */
  #register(name: string, outputs: readonly number[]): Deno.PointerValue {
    const { symbols: c, context, status } = this.#runtime;
    const { inputs, results } = this.#ends(outputs);
    const traced = c.TF_GraphToFunction(
      this.#graph,
      cName(name),
      0,
      -1,
      null,
      inputs.length / 16,
      inputs,
      results.length / 16,
      results,
      null,
      null,
      null,
      status,
    );
    this.#runtime.check("Cannot turn the trace into a TensorFlow function");
    c.TFE_ContextAddFunction(context, traced, status);
    this.#runtime.check("Cannot register the traced TensorFlow function");
    return traced;
  }

  /** Turns what was traced into a part that other traces call; undefined where it takes more than its arguments. */
  finishPart(outputs: readonly number[]): TracedPart | undefined {
    const described = outputs.map((id) => {
      const { shape, dtype } = this.#resolve(id);
      return { shape, dtype };
    });
    if (this.#shared.length > 0 || this.#random) return undefined;
    this.#note("gives", outputs.map((id) => this.#resolve(id)), "");
    const key = this.#script!.join("\n"), known = PARTS.get(key);
    if (known) return known;
    const name = `cloudchamber_part_${PARTS.size + 1}`;
    const part = { name, pointer: this.#register(name, outputs), outputs: described };
    PARTS.set(key, part);
    return part;
  }

  /** Writes a line of a part's script: an op, which symbols it takes, and what else it is. */
  #note(name: string, sources: readonly Symbol[], settings: unknown): void {
    if (!this.#script) return;
    const places = sources.map(({ id }) => this.#first - id);
    this.#script.push(`${name} ${places} ${JSON.stringify(settings)}`);
  }

  /** Calls a part, which XLA compiles. */
  callPart(part: TracedPart, inputs: readonly number[]): TensorRecord[] {
    const { symbols: c, status } = this.#runtime, sources = inputs.map((id) => this.#resolve(id));
    if (!this.#parts.has(part)) {
      this.#parts.add(part);
      c.TF_GraphCopyFunction(this.#graph, part.pointer, null, status);
      this.#runtime.check("Cannot call a part of a function");
    }
    const description = c.TF_NewOperation(
      this.#graph,
      cName("PartitionedCall"),
      cName(this.#nodeName("Part")),
    );
    c.TF_AddInputList(description, listOf(sources), sources.length);
    const types = (of: readonly { dtype: number }[]) => Int32Array.from(of, ({ dtype }) => dtype);
    c.TF_SetAttrTypeList(description, cName("Tin"), types(sources), sources.length);
    c.TF_SetAttrTypeList(description, cName("Tout"), types(part.outputs), part.outputs.length);
    c.TF_SetAttrFuncName(description, cName("f"), cName(part.name), BigInt(part.name.length));
    c.TF_SetAttrBool(description, cName("_XlaMustCompile"), 1);
    const operation = c.TF_FinishOperation(description, status);
    this.#runtime.check("Cannot call a part of a function");
    return part.outputs.map(({ shape }, index) => {
      const output = outputOf(operation, index);
      c.TF_GraphSetTensorShape(this.#graph, output, BigInt64Array.from(shape, BigInt), shape.length, status);
      this.#runtime.check("Cannot call a part of a function");
      return this.#symbol(operation, index, "PartitionedCall");
    });
  }

  /** What was traced as a session that tells what each op takes, with what it takes as a function. */
  openSession(outputs: readonly number[]): TracedSessionInputs {
    const ends = { ...this.#ends(outputs), parts: this.#partNames };
    return { session: new TracedSession(this.#runtime, this.#graph, ends), ...this.#taken() };
  }

  #taken(): Omit<TracedFunction, "name"> {
    return {
      captures: [...this.#shared],
      variables: [...this.#variables.keys()],
      usesRandom: this.#random !== undefined,
      ops: this.#ops,
      placed: this.#placed,
    };
  }

  /** Inputs and results of the graph, as C takes them. */
  #ends(outputs: readonly number[]): { inputs: Uint8Array<ArrayBuffer>; results: Uint8Array<ArrayBuffer> } {
    const given = outputs.map((id) => this.#resolve(id));
    const inputs = [
      ...this.#arguments,
      ...this.#captures.values(),
      ...this.#variables.values(),
      ...(this.#random ? [this.#random] : []),
    ];
    // An output may neither be an input nor stand twice: TensorFlow would have nothing to run for it.
    const taken = new Set(inputs.map((symbol) => symbol.id));
    const results = given.map((symbol) => {
      if (taken.has(symbol.id)) return this.#identity(symbol);
      taken.add(symbol.id);
      return symbol;
    });
    return { inputs: listOf(inputs), results: listOf(results) };
  }

  /** The graph as the bytes of a GraphDef, in which `outputs` have these names. */
  encode(outputs: Readonly<Record<string, number>>): Uint8Array<ArrayBuffer> {
    const { symbols: c, status } = this.#runtime;
    for (const [name, id] of Object.entries(outputs)) {
      const symbol = this.#resolve(id);
      const description = c.TF_NewOperation(this.#graph, cName("Identity"), cName(name));
      c.TF_AddInput(description, symbol.output);
      c.TF_SetAttrType(description, cName("T"), symbol.dtype);
      c.TF_FinishOperation(description, status);
      this.#runtime.check(`Cannot name an output "${name}"`);
    }
    const buffer = c.TF_NewBuffer();
    try {
      c.TF_GraphToGraphDef(this.#graph, buffer, status);
      this.#runtime.check("Cannot encode the graph");
      return this.#runtime.bytesOf(buffer);
    } finally {
      c.TF_DeleteBuffer(buffer);
    }
  }

  /** Frees the graph; the function, once finished, lives on its own. */
  close(): void {
    this.#runtime.symbols.TF_DeleteGraph(this.#graph);
  }

  /** Frees what the trace captured, for a trace that came to nothing. */
  abandon(): void {
    for (const id of this.#shared) this.#runtime.deleteTensor(id);
  }

  #resolve(id: number): Symbol {
    if (id < 0) {
      const symbol = this.#symbols.get(id);
      if (!symbol) throw new Error("Cannot use a tensor of one compiled function inside another's trace");
      return symbol;
    }
    const known = this.#constants.get(id) ?? this.#captures.get(id);
    if (known) return known;
    const key = this.#variableOf.get(id);
    if (key !== undefined) {
      let symbol = this.#variables.get(key);
      if (!symbol) {
        const { shape, dtype } = this.#runtime.describe(id)!;
        this.#variables.set(key, symbol = this.#placeholder(shape, dtype));
      }
      return symbol;
    }
    const tensor = this.#runtime.describe(id);
    if (!tensor) throw new Error("Cannot use a disposed tensor in a compiled function");
    const elements = tensor.shape.reduce((product, side) => product * side, 1);
    const data = elements * 4 <= this.#constantBytes ? this.#runtime.tensorDataSync(id) : undefined;
    if (data) {
      const symbol = this.#constant(tensor.shape, tensor.dtype, data);
      this.#constants.set(id, symbol);
      return symbol;
    }
    const symbol = this.#placeholder(tensor.shape, tensor.dtype);
    this.#captures.set(id, symbol);
    this.#shared.push(this.#runtime.share(id));
    return symbol;
  }

  /** Whether a reshape to the shape held by `target` changes nothing. */
  #keepsShape(source: Symbol, target: number): boolean {
    if (target < 0) return false;
    const wanted = [...this.#runtime.tensorDataSync(target) as Int32Array];
    const open = wanted.indexOf(-1);
    if (open >= 0) {
      const elements = source.shape.reduce((product, side) => product * side, 1);
      wanted[open] = elements / wanted.reduce((product, side, i) => i === open ? product : product * side, 1);
    }
    return wanted.length === source.shape.length && wanted.every((side, i) => side === source.shape[i]);
  }

  #identity(symbol: Symbol): Symbol {
    const attribute = { name: "T", type: AttributeKind.TYPE, value: symbol.dtype };
    return this.execute("Identity", [attribute], [symbol.id], 1)[0] as Symbol;
  }

  #placeholder(shape: readonly number[], dtype: number, name = `input_${this.#ops++}`): Symbol {
    this.#note("input", [], [shape, dtype]);
    const { symbols: c, status } = this.#runtime;
    const description = c.TF_NewOperation(this.#graph, cName("Placeholder"), cName(name));
    c.TF_SetAttrType(description, cName("dtype"), dtype);
    c.TF_SetAttrShape(description, cName("shape"), BigInt64Array.from(shape, BigInt), shape.length);
    const operation = c.TF_FinishOperation(description, status);
    this.#runtime.check("Cannot trace an input");
    return this.#symbol(operation, 0, "input");
  }

  #constant(shape: readonly number[], dtype: number, data: ArrayBufferView): Symbol {
    const { symbols: c, status } = this.#runtime;
    if (this.#script) { // elsewhere constants may be whole models
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      this.#note("constant", [], [shape, dtype, ...bytes]);
    }
    const tensor = this.#runtime.allocate(shape, dtype, data);
    const description = c.TF_NewOperation(this.#graph, cName("Const"), cName(`constant_${this.#ops++}`));
    c.TF_SetAttrType(description, cName("dtype"), dtype);
    c.TF_SetAttrTensor(description, cName("value"), tensor, status);
    const operation = c.TF_FinishOperation(description, status);
    c.TF_DeleteTensor(tensor);
    this.#runtime.check("Cannot trace a constant");
    return this.#symbol(operation, 0, "constant");
  }

  #symbol(operation: Deno.PointerValue, index: number, name: string, device?: string): Symbol {
    const { symbols: c, status } = this.#runtime;
    const output = outputOf(operation, index);
    const rank = c.TF_GraphGetTensorNumDims(this.#graph, output, status);
    this.#runtime.check(`Cannot trace TensorFlow op "${name}"`);
    const dims = new BigInt64Array(Math.max(rank, 0));
    if (rank > 0) c.TF_GraphGetTensorShape(this.#graph, output, dims, rank, status);
    this.#runtime.check(`Cannot trace TensorFlow op "${name}"`);
    const shape = Array.from(dims, Number);
    if ((rank < 0 || shape.includes(-1)) && !UNSHAPED.has(`${name}:${index}`)) {
      throw new Error(`Cannot trace TensorFlow op "${name}": the shape of its result depends on the data`);
    }
    const dtype = c.TF_OperationOutputType(output);
    const symbol: Symbol = { id: nextSymbol--, shape, dtype, name, output, device };
    this.#symbols.set(symbol.id, symbol);
    return symbol;
  }
}

/** Symbols as C takes several. */
function listOf(symbols: readonly Symbol[]): Uint8Array<ArrayBuffer> {
  const list = new Uint8Array(16 * symbols.length);
  symbols.forEach(({ output }, i) => list.set(output, 16 * i));
  return list;
}

/** An output of an operation as C passes it. */
function outputOf(operation: Deno.PointerValue, index: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(16), view = new DataView(output.buffer);
  view.setBigUint64(0, Deno.UnsafePointer.value(operation), true);
  view.setInt32(8, index, true);
  return output;
}

/** Where an op runs: where most of what it takes is, the first of several that have as much. */
function deviceOf(sources: readonly Symbol[]): string | undefined {
  let most: Symbol | undefined;
  const size = ({ shape }: Symbol) => shape.reduce((product, side) => product * side, 1);
  for (const source of sources) {
    if (source.device !== undefined && (!most || size(source) > size(most))) most = source;
  }
  return most?.device;
}

/** Outputs whose shape nobody needs: the reserve spaces of fused batch norm are read by its gradient alone. */
const UNSHAPED = new Set([
  "FusedBatchNormV3:3",
  "FusedBatchNormV3:4",
  "FusedBatchNormV3:5",
  "FusedBatchNormGradV3:3",
  "FusedBatchNormGradV3:4",
]);
