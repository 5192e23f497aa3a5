/** EinsumDense: a product with a kernel over any axes. @module */
import { tf } from "../engine/mod.ts";
import { asBias, asKernel, type BiasAsked, type KernelAsked } from "./_asked_weights.ts";
import { QUIET, trained } from "./_fields.ts";
import { type OneOrMany, only, onlyShape } from "./_layer.ts";
import { activate, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, set } from "./onnx.ts";

/** What is used of TensorFlow.js's dense layer: settings, their checks, and what is said of the weights. */
interface Dense extends tf.layers.Layer, KernelAsked, BiasAsked {
  activation: { apply(x: tf.Tensor): tf.Tensor } | null;
}

/** Settings of {@linkcode EinsumDense}. */
export interface EinsumDenseConfig {
  name?: string;
  trainable?: boolean;
  /** Such as "abc,cd->abd": input, kernel, output; "..." stands for as many axes as there are. */
  equation: string;
  /** Sides of the output behind the batch; -1 for those of the input. */
  outputShape: number | readonly number[];
  /** Axes of the output that the bias has. @default {no bias} */
  biasAxes?: string;
  activation?: string;
  [setting: string]: unknown;
}

const Stock = (tf.layers.dense({ units: 1 }) as object).constructor as new (config: object) => Dense;

/** Letters for the axes that an ellipsis stands for; equations use small ones. */
const SPARE = "ZYXWVU";

/** An equation without its ellipsis, for an input of a rank. */
function spelledOut(equation: string, rank: number): { input: string; kernel: string; output: string } {
  const [, input, kernel, output] = /^([A-Za-z.]+),([A-Za-z]+)->([A-Za-z.]+)$/.exec(equation) ?? [];
  if (input === undefined) throw new TypeError(`equation "${equation}" is not of the form "ab,bc->ac"`);
  const letters = SPARE.slice(0, rank - input.replace("...", "").length);
  const [from, to] = [input, output].map((labels) => labels.replace("...", letters));
  if (from.length !== rank) throw new TypeError(`equation "${equation}" is not for ${rank} axes`);
  return { input: from, kernel, output: to };
}

/** Shapes that follow from an equation. */
function shapesOf(
  shape: tf.Shape,
  equation: string,
  outputShape: readonly number[],
  biasAxes: string,
): { output: (number | null)[]; kernel: number[]; bias: number[] } {
  const labels = spelledOut(equation, shape.length), sides = new Map<string, number | null>();
  [...labels.input].forEach((label, axis) => sides.set(label, shape[axis]));
  const given = labels.output.length - outputShape.length; // the batch, and what an ellipsis stands for
  const output = [...labels.output].map((label, axis) => {
    const said = axis < given ? -1 : outputShape[axis - given];
    const side = said > 0 ? said : sides.get(label) ?? null;
    if (!sides.has(label)) sides.set(label, side);
    return side;
  });
  const kernel = [...labels.kernel].map((label) => sides.get(label) ?? NaN);
  const first = Math.min(...[...biasAxes].map((label) => labels.output.indexOf(label)));
  const bias = biasAxes === ""
    ? []
    : output.slice(first).map((side, i) => biasAxes.includes(labels.output[first + i]) ? side ?? NaN : 1);
  if ([...kernel, ...bias].some(Number.isNaN)) {
    throw new TypeError(`equation "${equation}" needs sides that are open: got [${shape}]`);
  }
  return { output, kernel, bias };
}

/** Σ over what the output lacks of input · kernel, plus bias, activated. Source: Keras 3's `EinsumDense`. */
export class EinsumDense extends Stock {
  static className = "EinsumDense";
  readonly #equation: string;
  readonly #outputShape: number[];
  readonly #biasAxes: string;
  #kernel: tf.LayerVariable | undefined;
  #bias: tf.LayerVariable | undefined;

  constructor(config: EinsumDenseConfig) {
    const { equation, outputShape, biasAxes = "", ...rest } = config;
    super({ ...rest, units: 1 });
    this.#equation = equation.replaceAll(" ", "");
    this.#outputShape = [outputShape].flat() as number[];
    this.#biasAxes = biasAxes;
  }

  #shapes(inputShape: OneOrMany<tf.Shape>) {
    return shapesOf(onlyShape(inputShape), this.#equation, this.#outputShape, this.#biasAxes);
  }

  /** The equation for inputs of a rank, without an ellipsis. */
  equationFor(rank: number): string {
    const { input, kernel, output } = spelledOut(this.#equation, rank);
    return `${input},${kernel}->${output}`;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const { kernel, bias } = this.#shapes(inputShape);
    this.inputSpec = [];
    this.#kernel = this.addWeight("kernel", ...asKernel(this, kernel));
    if (this.#biasAxes !== "") this.#bias = this.addWeight("bias", ...asBias(this, bias));
    this.built = true;
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): tf.Shape {
    return this.#shapes(inputShape).output;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs);
      let y: tf.Tensor = tf.einsum(this.equationFor(x.rank), x, this.#kernel!.read());
      if (this.#bias) y = tf.add(y, this.#bias.read());
      return this.activation ? this.activation.apply(y) : y;
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { units: _units, useBias: _useBias, ...config } = super.getConfig();
    return {
      ...config,
      equation: this.#equation,
      outputShape: this.#outputShape.map((side) => side === -1 ? null : side) as never,
      biasAxes: this.#biasAxes === "" ? null : this.#biasAxes,
    };
  }
}
tf.serialization.registerClass(EinsumDense as never);

export const EINSUM_DENSE: LayerDefinition = {
  className: "EinsumDense",
  keras: {
    fields: {
      equation: "text",
      outputShape: "shape",
      biasAxes: "text?",
      activation: "activation",
      ...trained("kernel", "bias"),
    },
    fixed: {
      ...QUIET,
      lora_rank: null,
      lora_alpha: null,
      quantization_config: null,
      gptq_unpacked_column_size: null,
    },
    create: (settings) => new EinsumDense(settings as unknown as EinsumDenseConfig),
  },
  onnx(site) {
    const { build, inputs: [input], weights: [kernel, bias], layer } = site;
    const equation = (layer as unknown as EinsumDense).equationFor(input.shape.length);
    let y = build.node("Einsum", [build.as(input, "last"), constant(site, "kernel", kernel)], { equation });
    if (bias) y = build.node("Add", [y, constant(site, "bias", bias)]);
    set(site, "last", activate(site, y, activationOf(site), "last"));
  },
};
