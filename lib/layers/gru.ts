/** GRU with the reset gate before or behind the product with the recurrent kernel. @module */
import { random, tf } from "../engine/mod.ts";

/** What this file uses of TensorFlow.js's cell. */
interface Cell {
  units: number;
  useBias: boolean;
  kernel: tf.LayerVariable;
  recurrentKernel: tf.LayerVariable;
  bias: tf.LayerVariable | null;
  activation: { apply(x: tf.Tensor): tf.Tensor };
  recurrentActivation: { apply(x: tf.Tensor): tf.Tensor };
  kernelInitializer: unknown;
  recurrentInitializer: unknown;
  biasInitializer: unknown;
  kernelRegularizer: unknown;
  recurrentRegularizer: unknown;
  biasRegularizer: unknown;
  kernelConstraint: unknown;
  recurrentConstraint: unknown;
  biasConstraint: unknown;
  dropout: number;
  recurrentDropout: number;
  dropoutMask: tf.Tensor | null;
  recurrentDropoutMask: tf.Tensor | null;
  built: boolean;
  addWeight(name: string, shape: number[], dtype: null, ...rest: unknown[]): tf.LayerVariable;
}

interface StockGru extends tf.layers.Layer {
  cell: Cell;
}

const probe = tf.layers.gru({ units: 1 }) as unknown as StockGru;
const StockCell = (probe.cell as object).constructor as new (args: object) => Cell;
const StockGru = (probe as object).constructor as new (args: object) => StockGru;

/**
 * One step with the reset gate behind the product, as Keras's GRU has it by itself and cuDNN needs it:
 * h' = z h + (1 − z) tanh(W x + b + r (U h + c)).
 *
 * Weights: kernel [in, 3 units], recurrent kernel [units, 3 units], bias [2, 3 units] with b and c; gates z, r, h.
 */
class ResetAfterCell extends StockCell {
  build(inputShape: tf.Shape): void {
    const size = 3 * this.units;
    this.kernel = this.addWeight(
      "kernel",
      [inputShape.at(-1)!, size],
      null,
      this.kernelInitializer,
      this.kernelRegularizer,
      true,
      this.kernelConstraint,
    );
    this.recurrentKernel = this.addWeight(
      "recurrent_kernel",
      [this.units, size],
      null,
      this.recurrentInitializer,
      this.recurrentRegularizer,
      true,
      this.recurrentConstraint,
    );
    this.bias = this.useBias
      ? this.addWeight(
        "bias",
        [2, size],
        null,
        this.biasInitializer,
        this.biasRegularizer,
        true,
        this.biasConstraint,
      )
      : null;
    this.built = true;
  }

  call(inputs: [tf.Tensor2D, tf.Tensor2D], kwargs: { training?: boolean }): tf.Tensor[] {
    return tf.tidy(() => {
      let [x, h] = inputs;
      const before = h;
      if (kwargs.training && this.dropout > 0) { // one mask for all steps
        this.dropoutMask ??= tf.keep(random.keepMask(x.shape, this.dropout));
        x = tf.mul(x, this.dropoutMask);
      }
      if (kwargs.training && this.recurrentDropout > 0) {
        this.recurrentDropoutMask ??= tf.keep(random.keepMask(h.shape, this.recurrentDropout));
        h = tf.mul(h, this.recurrentDropoutMask);
      }
      let given: tf.Tensor = tf.matMul(x, this.kernel.read() as tf.Tensor2D);
      let recalled: tf.Tensor = tf.matMul(h, this.recurrentKernel.read() as tf.Tensor2D);
      if (this.bias) {
        const [b, c] = tf.unstack(this.bias.read());
        given = tf.add(given, b);
        recalled = tf.add(recalled, c);
      }
      const [xz, xr, xh] = tf.split(given, 3, 1), [hz, hr, hh] = tf.split(recalled, 3, 1);
      const z = this.recurrentActivation.apply(tf.add(xz, hz));
      const r = this.recurrentActivation.apply(tf.add(xr, hr));
      const candidate = this.activation.apply(tf.add(xh, tf.mul(r, hh)));
      const next = tf.add(tf.mul(z, before), tf.mul(tf.sub(1, z), candidate));
      return [next, next];
    });
  }
}

/** TensorFlow.js's GRU, which refuses `resetAfter`, with it. */
export class Gru extends StockGru {
  static className = "GRU";
  readonly #resetAfter: boolean;

  constructor(args: { resetAfter?: boolean }) {
    super({ ...args, resetAfter: false });
    this.#resetAfter = args.resetAfter === true;
    if (this.#resetAfter) this.cell = new ResetAfterCell({ ...args, resetAfter: false });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), resetAfter: this.#resetAfter };
  }
}
tf.serialization.registerClass(Gru as unknown as tf.serialization.SerializableConstructor<tf.layers.Layer>);
