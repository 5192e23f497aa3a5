/** ConvLSTM1D to 3D: an LSTM whose products are convolutions. Input [batch, steps, …, channels]. @module */
import { checkFirstState, withFirstState } from "./_first_state.ts";
import { random, tf } from "../engine/mod.ts";
import { asBias, askedAs, asKernel, type BiasAsked, type KernelAsked } from "./_asked_weights.ts";
import { BIASED, LAST, QUIET, trained, WINDOW } from "./_fields.ts";
import { type Applied, checkKnownSides, checkRank, type OneOrMany, only, onlyShape } from "./_layer.ts";
import { convolve, type StockConvolution, stockConvolution } from "./_stock_convolution.ts";
import { activate, activationName, activationOf } from "./activations.ts";
import type { LayerDefinition } from "./definition.ts";
import { constant, type Flow, paddings, product, set, type Site, toLast, turnKernel } from "./onnx.ts";

/** Settings of the classes, named as those of TensorFlow.js's ConvLSTM2D. */
export interface ConvLstmConfig {
  filters: number;
  kernelSize: number | number[];
  /** @default {"tanh"} */
  activation?: string;
  /** @default {"sigmoid"} */
  recurrentActivation?: string;
  /** Whether the forget gate's bias starts at 1. @default {true} */
  unitForgetBias?: boolean;
  /** Share of the input's values dropped in training, for each gate others, at all steps the same. @default {0} */
  dropout?: number;
  recurrentDropout?: number;
  returnSequences?: boolean;
  returnState?: boolean;
  goBackwards?: boolean;
  [setting: string]: unknown;
}

const GATES = 4;

/** An initializer for matrices, for kernels with a window. */
function overWindow(asked: KernelAsked): KernelAsked {
  const { kernelInitializer: stock } = asked as unknown as {
    kernelInitializer: { apply(shape: number[]): tf.Tensor; getConfig(): object; getClassName(): string };
  };
  if (stock.getClassName() !== "Orthogonal") return asked;
  const apply = (shape: number[]) =>
    tf.reshape(stock.apply([product(shape.slice(0, -1)), shape.at(-1)!]), shape);
  return { ...asked, kernelInitializer: { apply } as never };
}

/** Tensors dropped differently for each gate; the one tensor where nothing is dropped. */
function forGates(x: tf.Tensor, masks: readonly tf.Tensor[]): tf.Tensor[] {
  return masks.length > 0 ? masks.map((mask) => tf.mul(x, mask)) : [x];
}

/**
 * The class over `rank` axes of space.
 *
 * Gates i, f, c, o along the kernels' last axis: c' = f c + i act(x̂ + ĥ), h' = o act(c'), where x̂ is the input's
 * convolution and ĥ that of the state, of stride 1 and "same". Weights: kernel [window…, in, 4 filters], recurrent kernel
 * [window…, filters, 4 filters], bias [4 filters]. Output: [batch, …, filters], or with each step in front.
 * Source: Shi et al., arXiv 1506.04214, as Keras 3's `ConvLSTM`.
 */
function convLstmClass(rank: 1 | 2 | 3): new (config: ConvLstmConfig) => tf.layers.Layer {
  const Stock = stockConvolution(rank);
  const SAME = { strides: Array(rank).fill(1), padding: "same" as const, dilationRate: Array(rank).fill(1) };
  return class ConvLstm extends Stock {
    static className = `ConvLSTM${rank}D`;
    /** Knows how the recurrent kernel starts, what is asked of it, and the gates' activation. */
    readonly #recurrent: StockConvolution;
    readonly #own: Required<
      Pick<
        ConvLstmConfig,
        "unitForgetBias" | "dropout" | "recurrentDropout" | "returnSequences" | "returnState" | "goBackwards"
      >
    >;
    #recurrentKernel: tf.LayerVariable | undefined;

    constructor(config: ConvLstmConfig) {
      super({ ...config, activation: config.activation ?? "tanh" });
      this.inputSpec = []; // one axis more than a convolution's
      const { kernelInitializer = "orthogonal", ...others } = askedAs("kernel", "recurrent", config);
      this.#recurrent = new Stock({
        ...others,
        kernelInitializer,
        filters: config.filters,
        kernelSize: config.kernelSize,
        activation: config.recurrentActivation ?? "sigmoid",
      });
      const { unitForgetBias = true, dropout = 0, recurrentDropout = 0 } = config;
      const { returnSequences = false, returnState = false, goBackwards = false } = config;
      this.#own = {
        unitForgetBias,
        dropout,
        recurrentDropout,
        returnSequences,
        returnState,
        goBackwards,
      };
    }

    override apply(inputs: Applied, kwargs?: Record<string, unknown>): Applied {
      const [all, told] = withFirstState(inputs, kwargs);
      return super.apply(all, told as never);
    }

    override build(inputShape: OneOrMany<tf.Shape>): void {
      const shape = onlyShape(inputShape), size = GATES * this.filters;
      checkRank(this, shape, rank + 3);
      checkKnownSides(this, shape.slice(1));
      const state = this.stateShape(shape);
      checkFirstState(this, inputShape, [state, state]);
      this.kernel = this.addWeight(
        "kernel",
        ...asKernel(this, [...this.kernelSize, shape.at(-1)!, size]),
      );
      this.#recurrentKernel = this.addWeight(
        "recurrent_kernel",
        ...asKernel(overWindow(this.#recurrent), [...this.kernelSize, this.filters, size]),
      );
      if (this.useBias) this.bias = this.addWeight("bias", ...asBias(this.#biasAsked(), [size]));
      this.built = true;
    }

    /** The forget gate starts open. */
    #biasAsked(): BiasAsked {
      const { biasInitializer, biasRegularizer, biasConstraint } = this, { filters } = this;
      if (!this.#own.unitForgetBias) return { biasInitializer, biasRegularizer, biasConstraint };
      const stock = biasInitializer as unknown as { apply(shape: number[]): tf.Tensor };
      const apply = () => tf.concat([stock.apply([filters]), tf.ones([filters]), stock.apply([2 * filters])]);
      return { biasInitializer: { apply } as never, biasRegularizer, biasConstraint };
    }

    /** The shape of the state. */
    stateShape(inputShape: tf.Shape): tf.Shape {
      const [batch, , ...image] = inputShape;
      return super.computeOutputShape([batch, ...image]) as tf.Shape;
    }

    override computeOutputShape(inputShape: OneOrMany<tf.Shape>): OneOrMany<tf.Shape> {
      const shape = onlyShape(inputShape), state = this.stateShape(shape);
      const [batch, ...sides] = state;
      const output = this.#own.returnSequences ? [batch, shape[1], ...sides] : state;
      return this.#own.returnState ? [output, state, state] : output;
    }

    override call(
      inputs: OneOrMany<tf.Tensor>,
      kwargs: { training?: boolean; initialState?: tf.Tensor[] },
    ): OneOrMany<tf.Tensor> {
      return tf.tidy(() => {
        const x = only(inputs), { training = false, initialState = [] } = kwargs;
        const { returnSequences, returnState } = this.#own;
        const given = this.#given(x, training), answers: tf.Tensor[] = [];
        const steps = this.#own.goBackwards ? given.toReversed() : given;
        const recurrent = this.#recurrentKernel!.read();
        let masks: tf.Tensor[] | undefined, [h, c]: (tf.Tensor | undefined)[] = initialState;
        for (const step of steps) {
          let sum = step;
          if (h) {
            masks ??= this.#masks(h.shape, training ? this.#own.recurrentDropout : 0);
            sum = tf.add(step, this.#convolve(forGates(h, masks), recurrent, SAME));
          }
          const [i, f, made, o] = tf.split(sum, GATES, -1), gate = this.#recurrent.activation;
          const fresh = tf.mul(gate.apply(i), this.activation.apply(made)) as tf.Tensor;
          c = c ? tf.add(tf.mul(gate.apply(f), c), fresh) as tf.Tensor : fresh;
          h = tf.mul(gate.apply(o), this.activation.apply(c)) as tf.Tensor;
          answers.push(h);
        }
        const output = returnSequences ? tf.stack(answers, 1) : h!;
        return returnState ? [output, tf.clone(h!), c!] : output;
      });
    }

    /** What the input gives to the gates, step by step. */
    #given(x: tf.Tensor, training: boolean): tf.Tensor[] {
      const [batch, steps, ...sides] = x.shape;
      const masks = this.#masks([batch, 1, ...sides], training ? this.#own.dropout : 0);
      const flat = forGates(x, masks).map((part) => tf.reshape(part, [batch * steps, ...sides]));
      const linear = this.#convolve(flat, this.kernel!.read(), this);
      const y = this.bias ? tf.add(linear, this.bias.read()) as tf.Tensor : linear;
      return tf.unstack(tf.reshape(y, [batch, steps, ...y.shape.slice(1)]), 1);
    }

    #masks(shape: number[], rate: number): tf.Tensor[] {
      if (rate <= 0) return [];
      return Array.from({ length: GATES }, () => random.keepMask(shape, rate));
    }

    /** All gates at once, or each from its own tensor. */
    #convolve(
      xs: readonly tf.Tensor[],
      kernel: tf.Tensor,
      how: Pick<StockConvolution, "strides" | "padding" | "dilationRate">,
    ): tf.Tensor {
      if (xs.length === 1) return convolve(rank, xs[0], kernel, how);
      const kernels = tf.split(kernel, GATES, -1);
      return tf.concat(xs.map((x, i) => convolve(rank, x, kernels[i], how)), -1);
    }

    override getConfig(): tf.serialization.ConfigDict {
      const theirs = this.#recurrent.getConfig();
      return {
        ...super.getConfig(),
        ...askedAs("recurrent", "kernel", theirs) as tf.serialization.ConfigDict,
        recurrentActivation: theirs.activation,
        ...this.#own,
      };
    }
  };
}

function emit(site: Site): void {
  const { build, settings, weights: [kernel, recurrent, bias], inputs: [input], outputs } = site;
  const { kernelSize, strides, dilationRate, returnSequences } = settings, rank = kernelSize.length;
  const [, steps, ...sides] = input.shape;
  if (steps === null) throw site.fail("its steps must be known");
  const inner = (site.layer as unknown as { stateShape(shape: tf.Shape): tf.Shape }).stateShape([
    ...input.shape,
  ]);
  const rows: Flow = {
    shape: [null, ...sides],
    dtype: "float32",
    names: {
      last: build.node("Reshape", [build.as(input, "last"), build.integers([-1, ...sides as number[]])]),
    },
  };
  const inputs = [build.as(rows, "first"), constant(site, "kernel", turnKernel(kernel))];
  if (bias) inputs.push(constant(site, "bias", bias));
  const given = build.node("Conv", inputs, {
    kernel_shape: kernelSize,
    strides,
    dilations: dilationRate,
    ...paddings({ ...site, inputs: [rows] }, kernelSize, dilationRate),
  });
  const [, ...state] = inner, filters = state.pop()!;
  const apart = build.node("Reshape", [
    given,
    build.integers([-1, steps, GATES * filters, ...state as number[]]),
  ]);
  const ones = Array<number>(rank).fill(1), turned = constant(site, "recurrent", turnKernel(recurrent));
  const flow: Flow = { shape: inner, dtype: "float32", names: {} };
  const window = {
    kernel_shape: kernelSize,
    ...paddings(
      { ...site, inputs: [flow], settings: { ...settings, padding: "same", strides: ones } },
      kernelSize,
      ones,
    ),
  };
  const within = { ...site, output: flow };
  const gate = (name: string) =>
    activate(within, name, activationName(settings.recurrentActivation), "first");
  const shaped = (name: string) => activate(within, name, activationOf(site), "first");
  const order = Array.from({ length: steps }, (_, i) => settings.goBackwards ? steps - 1 - i : i);
  const answers: string[] = [];
  let [h, c]: (string | undefined)[] = site.inputs.slice(1).map((state) => build.as(state, "first"));
  for (const step of order) {
    const part = build.node("Gather", [apart, build.node("Squeeze", [build.integers([step])])], { axis: 1 });
    const sum = h ? build.node("Add", [part, build.node("Conv", [h, turned], window)]) : part;
    const [i, f, made, o] = build.nodes("Split", [sum], { axis: 1 }, GATES);
    const fresh = build.node("Mul", [gate(i), shaped(made)]);
    c = c ? build.node("Add", [build.node("Mul", [gate(f), c]), fresh]) : fresh;
    h = build.node("Mul", [gate(o), shaped(c)]);
    answers.push(h);
  }
  if (returnSequences) {
    const each = answers.map((answer) => {
      const last = build.node("Transpose", [answer], { perm: toLast(rank + 2) });
      return build.node("Unsqueeze", [last, build.integers([1])]);
    });
    set(site, "last", build.node("Concat", each, { axis: 1 }));
  } else {
    set(site, "first", h!);
  }
  [h!, c!].forEach((name, i) => {
    if (outputs[i + 1]) outputs[i + 1].names.first = name;
  });
}

function convLstm(rank: 1 | 2 | 3): LayerDefinition {
  const Made = convLstmClass(rank);
  tf.serialization.registerClass(Made as never);
  return {
    className: `ConvLSTM${rank}D`,
    keras: {
      fields: {
        filters: "integer",
        ...WINDOW,
        dilationRate: "integers",
        ...BIASED,
        recurrentActivation: "activation",
        unitForgetBias: "boolean",
        ...trained("kernel", "recurrent"),
        dropout: "number",
        recurrentDropout: "number",
        returnSequences: "boolean",
        returnState: "boolean",
        goBackwards: "boolean",
      },
      fixed: { ...LAST, ...QUIET, stateful: false },
      ignored: ["seed", "unroll", "zero_output_for_mask"], // no layer here makes a mask
      parts: (layer) => [{ path: "cell", owner: layer }],
      create: (settings) => new Made(settings as ConvLstmConfig),
    },
    onnx: emit,
  };
}

export const CONV_LSTMS: readonly LayerDefinition[] = [convLstm(1), convLstm(2), convLstm(3)];
