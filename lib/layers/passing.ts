/**
 * Layers that pass on what they get, but for training: Identity, ActivityRegularization, and Keras's augmenting layers.
 *
 * `augmenting.ts` has what the latter do in training; those it lacks are read, scored and written again, but refuse to
 * be trained. @module
 */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only } from "./_layer.ts";
import { type Change, CHANGES } from "./augmenting.ts";
import type { LayerDefinition } from "./definition.ts";
import type { JsonObject } from "./keras_settings.ts";
import { pass } from "./onnx.ts";

/** Settings of a passing layer. */
export interface PassingConfig extends LayerConfig {
  /** As Keras wrote them; they are written again. */
  kept?: JsonObject;
}

/** What it gets is what it gives. */
export class Identity extends tf.layers.Layer {
  static className = "Identity";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }

  override call(inputs: OneOrMany<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => tf.clone(only(inputs)));
  }
}
tf.serialization.registerClass(Identity);

/** What a passing layer does in training: changes images, nothing, or what only Keras does, in words. */
type Work = Change | string | undefined;

/** A layer that has work to do in training. */
abstract class Passing extends Identity {
  /** Its settings. */
  readonly kept: JsonObject;
  protected abstract readonly work: Work;

  constructor(config: PassingConfig) {
    super(config);
    this.kept = config.kept ?? {};
  }

  override call(inputs: OneOrMany<tf.Tensor>, kwargs: { training?: boolean } = {}): tf.Tensor {
    const { work } = this, x = only(inputs);
    if (!kwargs.training || work === undefined) return super.call(inputs);
    if (typeof work === "string") throw this.#refused(work);
    if (x.rank !== 4) throw this.#refused(`its input must have 4 axes: got ${JSON.stringify(x.shape)}`);
    const { data_format: format = "channels_last" } = this.kept;
    if (format !== "channels_last") throw this.#refused(`it has data_format ${JSON.stringify(format)}`);
    return tf.tidy(() => work(tf.cast(x, "float32") as tf.Tensor4D));
  }

  #refused(why: string): TypeError {
    return new TypeError(
      `Cannot train through layer "${this.name}" (${this.getClassName()}) as ${why}; ` +
        `a model of the other layers can be trained`,
    );
  }
}

function passingClass(
  className: string,
  workOf: (kept: JsonObject) => Work,
): new (config: PassingConfig) => tf.layers.Layer {
  const made = class extends Passing {
    static override className = className;
    protected override readonly work = workOf(this.kept);
  };
  tf.serialization.registerClass(made as never);
  return made;
}

/** A layer whose settings are kept as they are. */
function passing(className: string, workOf: (kept: JsonObject) => Work): LayerDefinition {
  const Made = passingClass(className, workOf);
  return {
    className,
    keras: {
      fields: {},
      keeps: true,
      preprocesses: true,
      create: (settings) => new Made(settings as PassingConfig),
    },
    onnx: pass,
  };
}

/** Keras's layers that change examples in training only; RandomCrop says a smaller shape there, but gives the whole image as well. */
const AUGMENTING = [
  "AugMix",
  "CutMix",
  "Equalization",
  "MixUp",
  "RandAugment",
  "RandomBrightness",
  "RandomColorDegeneration",
  "RandomColorJitter",
  "RandomContrast",
  "RandomCrop",
  "RandomElasticTransform",
  "RandomErasing",
  "RandomFlip",
  "RandomGaussianBlur",
  "RandomGrayscale",
  "RandomHue",
  "RandomInvert",
  "RandomPerspective",
  "RandomPosterization",
  "RandomRotation",
  "RandomSaturation",
  "RandomSharpness",
  "RandomShear",
  "RandomTranslation",
  "RandomZoom",
  "Solarization",
];

export const PASSING_LAYERS: readonly LayerDefinition[] = [
  {
    className: "Identity",
    takesIntegers: true,
    keras: { fields: {}, create: (settings) => new Identity(settings) },
    onnx: pass,
  },
  passing("ActivityRegularization", ({ l1, l2 }) => {
    const isIdle = (factor: unknown) => factor === 0 || factor === undefined;
    return isIdle(l1) && isIdle(l2) ? undefined : "what it adds to the loss is not computed here";
  }),
  ...AUGMENTING.map((className) =>
    passing(
      className,
      CHANGES[className] ?? (() => "it augments only in Keras: leave it to the augmentation of fit"),
    )
  ),
];
