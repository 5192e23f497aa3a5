/**
 * An ONNX graph under construction, with tensors that may lie channels last, as in TensorFlow, or channels first, as
 * ONNX's convolutions want them. A tensor is turned only when an operation asks for the other order, and only once.
 *
 * Field numbers: onnx/onnx.proto of ONNX 1.12 and later, IR version 8. @module
 */
import {
  type Attribute,
  firstShape,
  type Flow,
  type GraphBuilder,
  type Layout,
  sizes,
  toFirst,
  toLast,
} from "../layers/onnx.ts";
import { ProtoWriter } from "../base/protobuf.ts";

const FLOAT = 1, INT32 = 6, INT64 = 7;

/** Collects nodes and constants. */
export class OnnxBuilder implements GraphBuilder {
  readonly #graph = new ProtoWriter();
  readonly #constants = new Map<string, string>();
  #count = 0;

  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output: { name?: string; place?: number } = {},
  ): string {
    const own = this.#name(type), { name = own, place = 0 } = output;
    const skipped = Array<string>(place).fill(""); // not wanted
    this.#add(type, own, inputs, attributes, [...skipped, name]);
    return name;
  }

  nodes(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): string[] {
    const own = this.#name(type), names = Array.from({ length: count }, (_, i) => `${own}_${i}`);
    this.#add(type, own, inputs, attributes, names);
    return names;
  }

  /** A name that no input or output of the graph can have. */
  #name(type: string): string {
    return `${type}:${this.#count++}`;
  }

  #add(
    type: string,
    own: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: readonly string[],
  ): void {
    const node = new ProtoWriter();
    for (const input of inputs) node.text(1, input);
    for (const output of outputs) node.text(2, output);
    node.text(3, own).text(4, type);
    for (const [key, value] of Object.entries(attributes)) node.message(5, attribute(key, value));
    this.#graph.message(1, node);
  }

  #constant(type: number, shape: readonly number[], raw: Uint8Array, key?: string): string {
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = `constant:${this.#constants.size}`;
    this.#constants.set(key ?? name, name);
    const tensor = new ProtoWriter();
    for (const side of shape) tensor.integer(1, side);
    this.#graph.message(5, tensor.integer(2, type).text(8, name).bytes(9, raw));
    return name;
  }

  floats(values: ArrayLike<number>, shape: readonly number[], key?: string): string {
    const data = new Float32Array(values); // little endian, as on every machine that Deno runs on
    const small = data.length <= 8 ? `floats ${shape} ${data}` : undefined;
    return this.#constant(FLOAT, shape, new Uint8Array(data.buffer), key ?? small);
  }

  integers(values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(INT64, [data.length], new Uint8Array(data.buffer), `integers ${values}`);
  }

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
