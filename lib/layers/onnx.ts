/**
 * What a layer needs to write itself as ONNX operations: the graph under construction as an interface, tensors that may
 * lie channels last or channels first, and a layer's one call. `lib/export` builds the graph. @module
 */
import type { tf } from "../engine/mod.ts";

/** Where the channels are: on the last axis, as in TensorFlow, or right behind the batch, as ONNX's convolutions want them. */
export type Layout = "last" | "first";

/** A tensor of the model. */
export interface Flow {
  /** Channels last, batch first, null where open. */
  shape: readonly (number | null)[];
  dtype: "float32" | "int32";
  /** Names of the ONNX tensors that hold it, by layout. */
  names: { last?: string; first?: string };
  /** Whether zeros have just been put around it. */
  padded?: boolean;
  /** A flattened tensor that was flattened channels first, and its shape before, channels last. */
  flattened?: { name: string; shape: readonly (number | null)[] };
}

/** Attribute values; a number is an integer, `{ float }` is not. */
export type Attribute = number | string | readonly number[] | { float: number } | {
  floats: readonly number[];
} | {
  strings: readonly string[];
};

/** An ONNX graph under construction. */
export interface GraphBuilder {
  /**
   * Adds an operation and gives the name of its output.
   *
   * @param output `name` of the output, else one is made; `place` among the outputs that the operation has.
   */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    output?: { name?: string; place?: number },
  ): string;
  /** Adds an operation with several outputs and gives their names. */
  nodes(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): string[];
  /** A constant of floats. The same `key` gives the same constant, so that shared weights are written once. */
  floats(values: ArrayLike<number>, shape: readonly number[], key?: string): string;
  /** A constant list of 64-bit integers, as shapes and axes are written. */
  integers(values: readonly number[]): string;
  /** The tensor in a layout, turned if it is not there yet. Below rank 3 both layouts are one. */
  as(flow: Flow, layout: Layout): string;
  /** The layout in which tensors of a rank meet with the fewest turns. */
  common(flows: readonly Flow[]): Layout;
}

/** A layer's weight as plain numbers. */
export interface Weight {
  data: Float32Array;
  shape: number[];
}

/** One call of a layer that is to be written. */
export interface Site {
  build: GraphBuilder;
  layer: tf.layers.Layer;
  /** The layer's settings, named as in TensorFlow.js. */
  settings: Settings;
  weights: Weight[];
  /** The layer's own key, for constants that several calls share. */
  key: string;
  inputs: Flow[];
  outputs: Flow[];
  /** The first output. */
  output: Flow;
  /** Writes a layer inside this one; `role` tells its constants from those of others. */
  emitInner(layer: tf.layers.Layer, role: string, inputs: Flow[], outputs: Flow[]): void;
  /** Makes an error that names the layer. */
  fail(why: string): TypeError;
}

/** Writes one call of a layer. @throws {TypeError} If a setting has no counterpart. */
export type Emit = (site: Site) => void;

/** Settings of layers, named as in TensorFlow.js; not all are there for every layer. */
export interface Settings {
  activation: string;
  alpha: number;
  axes: number | number[];
  axis: number | number[];
  center: boolean;
  cropping: [[number, number], [number, number]];
  depthMultiplier: number;
  dilationRate: number[];
  dims: number[];
  epsilon: number;
  goBackwards: boolean;
  groups: number;
  interpolation: "nearest" | "bilinear";
  kernelSize: number[];
  maskZero: boolean;
  maxValue: number | null;
  n: number;
  normalize: boolean;
  offset: number;
  padding: "same" | "valid" | "causal" | [[number, number], [number, number]];
  poolSize: number[];
  recurrentActivation: string;
  resetAfter: boolean;
  returnSequences: boolean;
  scale: boolean | number;
  sharedAxes: number[] | null;
  size: number[];
  stateful: boolean;
  strides: number[];
  targetShape: number[];
  units: number;
  useBias: boolean;
}

/** Axes of channels first by their place channels last. */
export function toFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
}

/** Axes of channels last by their place channels first. */
export function toLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}

/** The place of an axis, counted channels last, in a layout. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  return layout === "last" || rank < 3 ? positive : toFirst(rank).indexOf(positive);
}

/** A shape channels first. */
export function firstShape(shape: readonly (number | null)[]): (number | null)[] {
  return shape.length < 3 ? [...shape] : toFirst(shape.length).map((axis) => shape[axis]);
}

/** A shape as Reshape takes it: 0 keeps the batch, -1 stands for an open side. */
export function sizes(shape: readonly (number | null)[]): number[] {
  return shape.map((side, i) => i === 0 ? 0 : side ?? -1);
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

/** The number of values in a shape. */
export function product(sides: readonly number[]): number {
  return sides.reduce((size, side) => size * side, 1);
}

/** Makes the layer's output appear in a layout. */
export function set({ output }: Site, layout: Layout, name: string): void {
  output.names[output.shape.length < 3 ? "last" : layout] = name;
}

/** A layer that does nothing at inference. */
export function pass({ inputs: [input], output }: Site): void {
  Object.assign(output.names, input.names);
  output.flattened = input.flattened;
}

/** One value that broadcasts. */
export function scalar(build: GraphBuilder, value: number): string {
  return build.floats([value], []);
}

/** A weight of the layer as a constant that all its calls share. */
export function constant({ build, key }: Site, role: string, { data, shape }: Weight): string {
  return build.floats(data, shape, `${key} ${role}`);
}

/** An operation value by value, in whatever layout the input lies. */
export function each(emit: (site: Site, name: string, layout: Layout) => string): Emit {
  return (site) => {
    const layout = site.build.common(site.inputs);
    set(site, layout, emit(site, site.build.as(site.inputs[0], layout), layout));
  };
}

/** Explicit padding of windows over the inner axes, begins then ends, as TensorFlow's SAME pads: the odd one at the end. */
export function paddings(
  site: Site,
  window: readonly number[],
  dilations: readonly number[],
): Record<string, string | number[]> {
  const { padding, strides } = site.settings;
  if (padding !== "same") return { pads: Array(2 * window.length).fill(0) };
  const sides = site.inputs[0].shape.slice(1, -1);
  const totals = window.map((size, i) => {
    const reach = (size - 1) * dilations[i] + 1, side = sides[i];
    if (side === null) return strides[i] === 1 ? reach - 1 : undefined; // with stride 1 every side pads alike
    return Math.max((Math.ceil(side / strides[i]) - 1) * strides[i] + reach - side, 0);
  });
  if (totals.includes(undefined)) {
    // The runtime pads by itself, which its rules allow without dilation only.
    if (dilations.some((step) => step !== 1)) {
      throw site.fail(`a dilated "same" window with strides needs known sides`);
    }
    return { auto_pad: "SAME_UPPER" };
  }
  const known = totals as number[], begins = known.map((total) => Math.floor(total / 2));
  return { pads: [...begins, ...known.map((total, i) => total - begins[i])] };
}

/** A convolution's kernel, [window…, in, out], as ONNX has it, [out, in, window…]. */
export function turnKernel({ data, shape }: Weight): Weight {
  const rank = shape.length, order = [rank - 1, rank - 2, ...shape.slice(0, -2).map((_, i) => i)];
  return { data: transpose(data, shape, order), shape: order.map((axis) => shape[axis]) };
}
