/**
 * What TensorFlow says of one run of a graph: when each op ran and how long.
 *
 * Source: `tensorflow/core/protobuf/config.proto` (RunMetadata) and `tensorflow/core/framework/step_stats.proto`, whose field
 * numbers stand below.
 * @module
 */
import { ProtoReader } from "../../base/protobuf.ts";

/** One run of one op. */
export interface OpRun {
  /** The layer or other part of the step that it belongs to; empty between parts. */
  part: string;
  /** Whether it is of the part's gradient. */
  gradient: boolean;
  /** Its node in the optimised graph, such as `conv2d/gradient/Conv2DBackpropFilter_12`. */
  node: string;
  /** Its kind after the graph was optimised, such as `_MklNativeConv2D`. */
  op: string;
  /** When it began, microseconds after the first. */
  start: number;
  /** How long it took, microseconds. */
  micros: number;
}

/** Stands in a node's name behind its part's where the op is of the part's gradient. */
export const GRADIENT = "gradient";

const TEXT = new TextDecoder();

/** The part whose name a node's begins with; the graph optimiser may have put more between it and the op's own. */
function partOf(node: string, parts: ReadonlyMap<string, string>): Pick<OpRun, "part" | "gradient"> {
  const path = node.split("/");
  for (let length = path.length - 1; length > 0; length--) {
    const part = parts.get(path.slice(0, length).join("/"));
    if (part !== undefined) return { part, gradient: path[length] === GRADIENT };
  }
  return { part: "", gradient: false };
}

/** A message's fields by number: the last varint, and all parts with a length. */
function fieldsOf(bytes: Uint8Array): { numbers: Map<number, number>; parts: Map<number, Uint8Array[]> } {
  const numbers = new Map<number, number>(), parts = new Map<number, Uint8Array[]>();
  for (const { field, number, value } of new ProtoReader(bytes)) {
    if (number !== undefined) numbers.set(field, number);
    if (value) parts.set(field, [...parts.get(field) ?? [], value]);
  }
  return { numbers, parts };
}

/** NodeExecStats: 1 name, 8 label, 13 start, 14 and 15 begin and end of the kernel after it, in ns. */
function decodeNode(bytes: Uint8Array, known: ReadonlyMap<string, string>): OpRun {
  const { numbers, parts } = fieldsOf(bytes);
  const text = (field: number) => TEXT.decode(parts.get(field)?.[0]);
  const number = (field: number) => numbers.get(field) ?? 0;
  const node = text(1), label = / = (\w+)\(/.exec(text(8)); // "node = Op(input, input)"
  return {
    ...partOf(node, known),
    node,
    op: label?.[1] ?? node.replace(/^.*\//, "").replace(/_\d+$/, ""),
    start: (number(13) + number(14)) / 1000,
    micros: (number(15) - number(14)) / 1000,
  };
}

/**
 * Decodes a RunMetadata.
 *
 * @param known From the names of parts in the graph to their own.
 * @returns Every op that ran, in the order in which they began.
 * @throws {SyntaxError} If the bytes are no message.
 */
export function decodeStepStats(metadata: Uint8Array, known: ReadonlyMap<string, string>): OpRun[] {
  const runs = (fieldsOf(metadata).parts.get(1) ?? []) // StepStats
    .flatMap((stats) => fieldsOf(stats).parts.get(1) ?? []) // one a device
    .flatMap((device) => fieldsOf(device).parts.get(2) ?? [])
    .map((node) => decodeNode(node, known))
    .sort((a, b) => a.start - b.start);
  const begin = runs[0]?.start ?? 0;
  return runs.map((run) => ({ ...run, start: run.start - begin }));
}
