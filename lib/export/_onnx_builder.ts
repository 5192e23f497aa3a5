/**
 * An ONNX graph under construction, with tensors that may lie channels last, as in TensorFlow, or channels first, as
 * ONNX's convolutions want them. A tensor is turned only when an operation asks for the other order, and only once.
 *
 * Field numbers: onnx/onnx.proto of ONNX 1.12 and later, IR version 8. @module
 */
import { ProtoWriter } from "./_protobuf.ts";

/** Where the channels are: on the last axis or right behind the batch. */
export type Layout = "last" | "first";

/** A tensor of the model. */
export interface Flow {
  /** Channels last, batch first, null where open. */
  shape: readonly (number | null)[];
  dtype: "float32" | "int32";
  /** Names of the ONNX tensors that hold it, by layout. */
  names: { last?: string; first?: string };
  /** A flattened tensor that was flattened channels first, and its shape before, channels last. */
  flattened?: { name: string; shape: readonly (number | null)[] };
}

/** Attribute values; a number is an integer, `{ float }` is not. */
export type Attribute = number | string | readonly number[] | { float: number } | {
  floats: readonly number[];
} | {
  strings: readonly string[];
};

const FLOAT = 1, INT32 = 6, INT64 = 7;

/** Axes of channels first by their place channels last. */
function toFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** Axes of channels last by their place channels first. */
function toLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** The place of an axis, counted channels last, in a layout. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return layout === "last" ? positive : toFirst(rank).indexOf(positive);
}

/** An array with its axes in another order. */
export function transpose(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const out = new Float32Array(data.length);
  const steps = shape.map((_, i) => shape.slice(i + 1).reduce((product, side) => product * side, 1));
  const sides = order.map((axis) => shape[axis]), strides = order.map((axis) => steps[axis]);
  const index = new Array<number>(sides.length).fill(0);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from];
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < sides[axis]) break;
      from -= strides[axis] * sides[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** Collects nodes and constants. */
export class OnnxBuilder {
  readonly #graph = new ProtoWriter();
  readonly #constants = new Map<string, string>();
  #count = 0;

  /**
   * Adds an operation and gives the name of its output.
   *
   * @param output `name` of the output, else one is made; `place` among the outputs that the operation has.
   */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output: { name?: string; place?: number } = {},
  ): string {
    const own = `${type}_${this.#count++}`, { name = own, place = 0 } = output;
    const node = new ProtoWriter();
    for (const input of inputs) node.text(1, input);
    for (let i = 0; i < place; i++) node.text(2, ""); // not wanted
    node.text(2, name).text(3, own).text(4, type);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attribute(key, value));
    this.#graph.message(1, node);
    return name;
  }

  #constant(type: number, shape: readonly number[], raw: Uint8Array, key?: string): string {
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.#constants.size}`;
    this.#constants.set(key ?? name, name);
    const tensor = new ProtoWriter();
    for (const side of shape) tensor.integer(1, side);
    this.#graph.message(5, tensor.integer(2, type).text(8, name).bytes(9, raw));
    return name;
  }

  /** A constant of floats. The same `key` gives the same constant, so that shared weights are written once. */
  floats(values: ArrayLike<number>, shape: readonly number[], key?: string): string {
    const data = new Float32Array(values); // little endian, as on every machine that Deno runs on
    const small = data.length <= 8 ? `floats ${shape} ${data}` : undefined;
    return this.#constant(FLOAT, shape, new Uint8Array(data.buffer), key ?? small);
  }

  /** A constant list of 64-bit integers, as shapes and axes are written. */
  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(INT64, [data.length], new Uint8Array(data.buffer), `integers ${values}`);
  }

  /** The tensor in a layout, turned if it is not there yet. Below rank 3 both layouts are one. */
  as(flow: Flow, layout: Layout): string {
    const { shape, names } = flow, rank = shape.length;
    if (flow.flattened && !names.last) {
      const { name, shape } = flow.flattened;
      const whole = this.node("Reshape", [name, this.integers(sizes(firstShape(shape)))]);
      const turned = this.node("Transpose", [whole], { perm: toLast(shape.length) });
      return names.last = this.node("Flatten", [turned], { axis: 1 });
    }
    if (rank < 3) layout = "last";
    const there = names[layout];
    if (there !== undefined) return there;
    const other = names[layout === "first" ? "last" : "first"];
    if (other === undefined) throw new Error("a tensor is used before it is made");
    const goal = layout === "first" ? firstShape(shape) : shape;
    // With one channel, or one position, the order in memory is the same.
    const flat = shape.at(-1) === 1 || shape.slice(1, -1).every((side) => side === 1);
    if (flat && sizes(goal).filter((side) => side < 0).length <= 1) {
      return names[layout] = this.node("Reshape", [other, this.integers(sizes(goal))]);
    }
    const perm = layout === "first" ? toFirst(rank) : toLast(rank);
    return names[layout] = this.node("Transpose", [other], { perm });
  }

  /** The layout in which tensors of a rank meet with the fewest turns. */
  common(flows: readonly Flow[]): Layout {
    const first = flows.filter(({ names }) => names.first !== undefined).length;
    const last = flows.filter(({ names }) => names.last !== undefined).length;
    return flows[0].shape.length >= 3 && first >= last && first > 0 ? "first" : "last";
  }

  /** Names an input of the graph. */
  input(name: string, { shape, dtype }: Flow): void {
    this.#graph.message(11, valueInfo(name, shape, dtype));
  }

  /** Names an output of the graph. */
  output(name: string, flow: Flow): void {
    this.node("Identity", [this.as(flow, "last")], {}, { name });
    this.#graph.message(12, valueInfo(name, flow.shape, flow.dtype));
  }

  /** The whole file. */
  finish(name: string, opset: number, metadata: Readonly<Record<string, string>>): Uint8Array {
    const model = new ProtoWriter().integer(1, 8).text(2, "cloudchamber");
    model.message(7, this.#graph.text(2, name));
    model.message(8, new ProtoWriter().text(1, "").integer(2, opset));
    for (const [key, value] of Object.entries(metadata)) {
      model.message(14, new ProtoWriter().text(1, key).text(2, value));
    }
    return model.finish();
  }
}

/** A shape channels first. */
export function firstShape(shape: readonly (number | null)[]): (number | null)[] {
  return shape.length < 3 ? [...shape] : toFirst(shape.length).map((axis) => shape[axis]);
}

/** A shape as Reshape takes it: 0 keeps the batch, -1 stands for an open side. */
export function sizes(shape: readonly (number | null)[]): number[] {
  return shape.map((side, i) => i === 0 ? 0 : side ?? -1);
}

function attribute(name: string, value: Attribute): ProtoWriter {
  const message = new ProtoWriter().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, 2);
  if (typeof value === "string") return message.text(4, value).integer(20, 3);
  if ("float" in value) return message.float(2, value.float).integer(20, 1);
  if ("floats" in value) {
    for (const number of value.floats) message.float(7, number);
    return message.integer(20, 6);
  }
  if ("strings" in value) {
    for (const text of value.strings) message.text(9, text);
    return message.integer(20, 8);
  }
  for (const number of value) message.integer(8, number);
  return message.integer(20, 7);
}

function valueInfo(name: string, shape: readonly (number | null)[], dtype: Flow["dtype"]): ProtoWriter {
  const sides = new ProtoWriter();
  shape.forEach((side, i) => {
    const dimension = new ProtoWriter();
    if (side === null) dimension.text(2, i === 0 ? "batch" : `side_${i}`);
    else dimension.integer(1, side);
    sides.message(1, dimension);
  });
  const tensor = new ProtoWriter().integer(1, dtype === "int32" ? INT32 : FLOAT).message(2, sides);
  return new ProtoWriter().text(1, name).message(2, new ProtoWriter().message(1, tensor));
}
