/** Pipeline: layers that prepare images, one after the other. @module */
import { tf } from "../engine/mod.ts";
import { Chain, emitChain } from "./_chain.ts";
import { numberedPaths } from "./keras_paths.ts";
import { innerConfig, type LayerConfig } from "./_layer.ts";
import type { LayerDefinition } from "./definition.ts";

/** Settings of {@linkcode Pipeline}. */
export interface PipelineConfig extends LayerConfig {
  layers: readonly tf.layers.Layer[];
}

/** What its layers give, one on the other. Source: Keras 3's `Pipeline`. */
export class Pipeline extends Chain {
  static className = "Pipeline";

  constructor(config: PipelineConfig) {
    super(config, config.layers);
  }

  /** The layers, under Keras's name. */
  get layers(): readonly tf.layers.Layer[] {
    return this.chain;
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), layers: this.chain.map(innerConfig) };
  }
}
tf.serialization.registerClass(Pipeline as never);

export const PIPELINE: LayerDefinition = {
  className: "Pipeline",
  keras: {
    fields: { layers: "layers" },
    preprocesses: true,
    bare: true,
    parts(layer) {
      const { chain } = layer as Pipeline;
      const paths = numberedPaths(chain.map((inner) => inner.getClassName()));
      return chain.flatMap((inner, i) => {
        const count = inner.built ? inner.getWeights().length : undefined; // before, as many as the layer asks for
        return count === 0 ? [] : [{ path: `layers/${paths[i]}`, owner: inner, count }];
      });
    },
    create: (settings) => new Pipeline(settings as unknown as PipelineConfig),
  },
  onnx: emitChain,
};
