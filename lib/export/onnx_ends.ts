/**
 * Gives the inputs and outputs of a foreign `.onnx` file other names, and turns images that have their channels first.
 *
 * The file's own graph stays as it is: an `Identity` or a `Transpose` goes before an input or behind an output. Source: onnx.proto of ONNX 1.23, field numbers of ModelProto, GraphProto and ValueInfoProto. @module
 */
import { ProtoReader, ProtoWriter } from "../base/protobuf.ts";

/** Another name for an end of a graph. */
export interface OnnxEnd {
  /** What the file calls it. */
  from: string;
  /** What it is called from now on. */
  name: string;
  /** Whether the file has [batch, channels, …] where [batch, …, channels] is wanted. @default {false} */
  channelsFirst?: boolean;
}

/** Numbers of the fields that are touched. */
const MODEL = { graph: 7 },
  GRAPH = { node: 1, input: 11, output: 12 },
  NODE = { input: 1, output: 2, op: 4, attribute: 5 };
const VALUE = { name: 1, type: 2 }, TYPE = { tensor: 1 }, TENSOR = { shape: 2 }, SHAPE = { side: 1 };
/** onnx.AttributeProto: name, integers, type, and the type's number for integers. */
const ATTRIBUTE = { name: 1, integers: 8, type: 20 }, INTEGERS = 7;

const decoder = new TextDecoder();

/** A message with some of its fields written anew. */
function rewrite(
  bytes: Uint8Array,
  change: (field: number, value: Uint8Array) => ProtoWriter | Uint8Array | undefined,
): ProtoWriter {
  const out = new ProtoWriter();
  for (const { field, value, raw } of new ProtoReader(bytes)) {
    const changed = value && change(field, value);
    if (changed instanceof ProtoWriter) out.message(field, changed);
    else if (changed) out.bytes(field, changed);
    else out.raw(raw);
  }
  return out;
}

function nameOf(info: Uint8Array): string {
  for (const { field, value } of new ProtoReader(info)) {
    if (field === VALUE.name && value) return decoder.decode(value);
  }
  return "";
}

/** The description of an end under its new name, its second side, the channels, moved to the end where asked. */
function renamed(info: Uint8Array, { name, channelsFirst }: OnnxEnd): ProtoWriter {
  const turned = (shape: Uint8Array) => {
    const sides = [...new ProtoReader(shape)].flatMap(({ field, value }) =>
      field === SHAPE.side && value ? [value] : []
    );
    const out = new ProtoWriter();
    for (const side of [sides[0], ...sides.slice(2), sides[1]]) out.bytes(SHAPE.side, side);
    return out;
  };
  return rewrite(info, (field, value) => {
    if (field === VALUE.name) return new TextEncoder().encode(name);
    if (field !== VALUE.type || !channelsFirst) return undefined;
    return rewrite(
      value,
      (field, tensor) =>
        field === TYPE.tensor
          ? rewrite(tensor, (field, shape) => field === TENSOR.shape ? turned(shape) : undefined)
          : undefined,
    );
  });
}

function node(op: string, input: string, output: string, permutation?: readonly number[]): ProtoWriter {
  const out = new ProtoWriter().text(NODE.input, input).text(NODE.output, output).text(NODE.op, op);
  if (!permutation) return out;
  const attribute = new ProtoWriter().text(ATTRIBUTE.name, "perm");
  for (const axis of permutation) attribute.integer(ATTRIBUTE.integers, axis);
  return out.message(NODE.attribute, attribute.integer(ATTRIBUTE.type, INTEGERS));
}

/** How many sides the shape in a description has. */
function rankOf(info: Uint8Array): number {
  let rank = 0;
  const within = (bytes: Uint8Array, path: readonly number[]): void => {
    for (const { field, value } of new ProtoReader(bytes)) {
      if (path.length > 0) {
        if (field === path[0] && value) within(value, path.slice(1));
      } else if (field === SHAPE.side) {
        rank++;
      }
    }
  };
  within(info, [VALUE.type, TYPE.tensor, TENSOR.shape]);
  return rank;
}

/**
 * Renames ends of a graph.
 *
 * @param bytes The `.onnx` file; not modified.
 * @param ends Inputs and outputs to be called otherwise; the others stay.
 * @returns The file with new ends; what lies between is byte for byte the same.
 * @throws {SyntaxError} If the bytes are no protobuf message with a graph.
 */
export function renameOnnxEnds(
  bytes: Uint8Array,
  ends: { inputs: readonly OnnxEnd[]; outputs: readonly OnnxEnd[] },
): Uint8Array {
  let found = false;
  const model = rewrite(bytes, (field, graph) => {
    if (field !== MODEL.graph) return undefined;
    found = true;
    const before: ProtoWriter[] = [], behind: ProtoWriter[] = [];
    const described = rewrite(graph, (field, info) => {
      if (field !== GRAPH.input && field !== GRAPH.output) return undefined;
      const own = nameOf(info), isInput = field === GRAPH.input;
      const end = (isInput ? ends.inputs : ends.outputs).find(({ from }) => from === own);
      if (!end) return undefined;
      const axes = Array.from({ length: rankOf(info) }, (_, axis) => axis);
      const [batch, second, ...others] = axes;
      // An input is given with its channels last and turned for the file, an output the other way round.
      const order = isInput ? [batch, axes.length - 1, ...axes.slice(1, -1)] : [batch, ...others, second];
      const [from, to] = isInput ? [end.name, own] : [own, end.name];
      const added = end.channelsFirst ? node("Transpose", from, to, order) : node("Identity", from, to);
      (isInput ? before : behind).push(added);
      return renamed(info, end);
    });
    const whole = new ProtoWriter();
    for (const one of before) whole.message(GRAPH.node, one);
    whole.raw(described.finish());
    for (const one of behind) whole.message(GRAPH.node, one);
    return whole;
  });
  if (!found) throw new SyntaxError("Cannot read ONNX model as it holds no graph");
  return model.finish();
}
