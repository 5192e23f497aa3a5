/** Drawing a latent vector from the normal law that an encoder tells: the middle of a variational autoencoder. @module */
import { random, tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";
import { set } from "./onnx.ts";

/**
 * z = mean + exp(logVariance / 2) · ε with ε from the standard normal law, in training; z = mean otherwise, so that
 * answers repeat.
 *
 * Shapes: [mean, logVariance], both [batch, …], to [batch, …].
 * Source: Kingma and Welling, arXiv 1312.6114.
 */
export class Reparametrization extends tf.layers.Layer {
  static className = "Reparametrization";

  constructor(config: LayerConfig = {}) {
    super(baseConfig(config));
  }

  override build(shapes: tf.Shape | tf.Shape[]): void {
    const [mean, spread] = shapes as tf.Shape[];
    if (!Array.isArray(mean) || !Array.isArray(spread) || `${mean}` !== `${spread}`) {
      throw new TypeError(
        `Cannot build layer "${this.name}" (Reparametrization) as it takes mean and logVariance of one shape: got ${
          JSON.stringify(shapes)
        }`,
      );
    }
    super.build(shapes);
  }

  override computeOutputShape(shapes: tf.Shape[]): tf.Shape {
    return shapes[0];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const [mean, logVariance] = inputs as tf.Tensor[];
      if (!kwargs.training) return tf.clone(mean);
      return tf.add(mean, tf.mul(tf.exp(tf.div(logVariance, 2)), random.normal(mean.shape)));
    });
  }
}
tf.serialization.registerClass(Reparametrization);

export const REPARAMETRIZATION: LayerDefinition = {
  className: "Reparametrization",
  keras: { fields: {}, own: true, merges: true, create: (settings) => new Reparametrization(settings) },
  onnx(site) {
    const layout = site.build.common([site.inputs[0]]);
    set(site, layout, site.build.as(site.inputs[0], layout));
  },
};
