/** A convolution that sees all eight flips and quarter turns of what it learned: DihedralConv2D. @module */
import { tf } from "../engine/mod.ts";
import {
  baseConfig,
  channelsOf,
  checkCount,
  checkRank,
  type LayerConfig,
  type OneOrMany,
  only,
  onlyShape,
} from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set, type Site, turnKernel, type Weight } from "./onnx.ts";

/** The eight ways to lay a square onto itself: rows and columns exchanged, then rows turned over, then columns. */
const ELEMENTS = Array.from({ length: 8 }, (_, g) => ({
  exchange: (g & 4) !== 0,
  rows: (g & 2) !== 0,
  columns: (g & 1) !== 0,
}));

/** Where each value of a square comes from when it is laid by element `g`. */
function laid(g: number, side: number): number[] {
  const { exchange, rows, columns } = ELEMENTS[g];
  return Array.from({ length: side * side }, (_, at) => {
    const row = Math.floor(at / side), column = at % side;
    const r = rows ? side - 1 - row : row, c = columns ? side - 1 - column : column;
    return exchange ? c * side + r : r * side + c;
  });
}

/** `PARTS[g][h]` is g⁻¹h: which part of a kernel looks at orientation h of its input to give orientation g. */
const PARTS: readonly (readonly number[])[] = (() => {
  const squares = ELEMENTS.map((_, g) => laid(g, 3)), keys = squares.map(String);
  const then = (first: number, second: number) =>
    keys.indexOf(String(squares[second].map((at) => squares[first][at])));
  const inverse = squares.map((_, g) => squares.findIndex((_, h) => then(g, h) === 0));
  return squares.map((_, g) => squares.map((_, h) => then(h, inverse[g])));
})();

/** Settings of {@linkcode DihedralConv2D}. */
export interface DihedralConvConfig extends LayerConfig {
  /** Channels of each orientation. */
  filters: number;
  /** Side of the window, odd. @default {3} */
  kernelSize?: number;
  /** Whether the input is a picture, without orientations. @default {false} */
  lifts?: boolean;
  /** Makes the initial weights repeatable; not kept with the layer. @default {drawn anew} */
  seed?: number;
}

/**
 * Convolutions with all flips and quarter turns of one kernel, side by side; padding "same". Where the input is flipped or
 * turned, the output is too, and its orientations change places among themselves; a mean or a maximum over them stays as
 * it is.
 *
 * Shapes: [batch, rows, columns, C] where it lifts, else [batch, rows, columns, 8 · C] to [batch, rows, columns, 8 · filters],
 * orientation after orientation. Weights: kernel [k, k, C or 8 · C, filters], bias [filters].
 * Source: Cohen and Welling, "Group equivariant convolutional networks", arXiv 1602.07576, group p4m.
 */
export class DihedralConv2D extends tf.layers.Layer {
  static className = "DihedralConv2D";
  readonly #filters: number;
  readonly #kernelSize: number;
  readonly #lifts: boolean;
  readonly #seed: number | undefined;
  #kernel: tf.LayerVariable | undefined;
  #bias: tf.LayerVariable | undefined;

  constructor(config: DihedralConvConfig) {
    super(baseConfig(config));
    this.#filters = checkCount("DihedralConv2D", "filters", config.filters);
    this.#kernelSize = checkCount("DihedralConv2D", "kernelSize", config.kernelSize ?? 3);
    this.#lifts = config.lifts ?? false;
    this.#seed = config.seed;
    if (this.#kernelSize % 2 === 0) {
      throw new RangeError(`Cannot make DihedralConv2D as kernelSize must be odd: got ${this.#kernelSize}`);
    }
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shape = onlyShape(inputShape);
    checkRank(this, shape, 4);
    const channels = channelsOf(this, shape), side = this.#kernelSize;
    if (!this.#lifts && channels % 8 !== 0) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (DihedralConv2D) as its input must have channels of 8 orientations: got ${channels}`,
      );
    }
    const start = tf.initializers.heNormal({ seed: this.#seed });
    this.#kernel = this.addWeight("kernel", [side, side, channels, this.#filters], "float32", start);
    this.#bias = this.addWeight("bias", [this.#filters], "float32", tf.initializers.zeros());
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return [...onlyShape(inputShape).slice(0, 3), 8 * this.#filters];
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const kernel = this.#kernel!.read() as tf.Tensor4D;
      const kernels = ELEMENTS.map((_, g) => this.#laidKernel(kernel, g));
      const y = tf.conv2d(only<tf.Tensor4D>(inputs), tf.concat(kernels, 3) as tf.Tensor4D, 1, "same");
      return tf.add(y, tf.tile(this.#bias!.read() as tf.Tensor1D, [8]));
    });
  }

  /** The kernel that gives orientation `g`. */
  #laidKernel(kernel: tf.Tensor4D, g: number): tf.Tensor4D {
    const { exchange, rows, columns } = ELEMENTS[g];
    const axes = [...rows ? [0] : [], ...columns ? [1] : []];
    let turned = exchange ? tf.transpose(kernel, [1, 0, 2, 3]) : kernel;
    if (axes.length > 0) turned = tf.reverse(turned, axes);
    if (this.#lifts) return turned;
    const parts = tf.split(turned, 8, 2);
    return tf.concat(PARTS[g].map((part) => parts[part]), 2) as tf.Tensor4D;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      ...super.getConfig(),
      filters: this.#filters,
      kernelSize: this.#kernelSize,
      lifts: this.#lifts,
    };
  }
}
tf.serialization.registerClass(DihedralConv2D);

/** All eight kernels in one, [k, k, in, 8 · filters]. */
function expand({ data, shape: [side, , channels, filters] }: Weight, lifts: boolean): Weight {
  const out = new Float32Array(8 * data.length), group = lifts ? channels : channels / 8;
  for (let g = 0; g < 8; g++) {
    const from = laid(g, side);
    for (let at = 0; at < side * side; at++) {
      for (let c = 0; c < channels; c++) {
        const source = lifts ? c : PARTS[g][Math.floor(c / group)] * group + c % group;
        const first = (from[at] * channels + source) * filters;
        out.set(data.subarray(first, first + filters), ((at * channels + c) * 8 + g) * filters);
      }
    }
  }
  return { data: out, shape: [side, side, channels, 8 * filters] };
}

function emit(site: Site): void {
  const { build, layer, inputs: [input], weights: [kernel, bias] } = site;
  const { lifts } = layer.getConfig() as { lifts: boolean };
  const side = kernel.shape[0], filters = bias.shape[0];
  const tiled = Float32Array.from({ length: 8 * filters }, (_, i) => bias.data[i % filters]);
  const name = build.node("Conv", [
    build.as(input, "first"),
    constant(site, "kernel", turnKernel(expand(kernel, lifts))),
    constant(site, "bias", { data: tiled, shape: [8 * filters] }),
  ], { kernel_shape: [side, side], pads: Array(4).fill((side - 1) / 2) });
  set(site, "first", name);
}

export const DIHEDRAL_CONVOLUTION: LayerDefinition = {
  className: "DihedralConv2D",
  keras: {
    fields: { filters: "integer", kernelSize: "integer", lifts: "boolean" },
    own: true,
    create: (settings) => new DihedralConv2D(settings as unknown as DihedralConvConfig),
  },
  onnx: emit,
};
