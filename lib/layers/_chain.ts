/** A layer that is several layers, one on what the one before gives. @module */
import { tf } from "../engine/mod.ts";
import { baseConfig, type LayerConfig, type OneOrMany, only, onlyShape } from "./_layer.ts";
import type { Flow, Site } from "./onnx.ts";

/** Weights, shapes and values of a chain are those of its layers; frozen, it freezes them. */
export abstract class Chain extends tf.layers.Layer {
  /** The layers, at least one. */
  readonly chain: readonly tf.layers.Layer[];

  constructor(config: LayerConfig, chain: readonly tf.layers.Layer[]) {
    super(baseConfig(config));
    this.chain = chain;
    if (config.trainable === false) this.trainable = false;
  }

  override get trainable(): boolean {
    return super.trainable;
  }

  override set trainable(value: boolean) {
    super.trainable = value;
    this.chain?.forEach((layer) => layer.trainable = value);
  }

  override get trainableWeights(): tf.LayerVariable[] {
    return this.trainable ? this.chain.flatMap((layer) => layer.trainableWeights) : [];
  }

  override get nonTrainableWeights(): tf.LayerVariable[] {
    return this.chain.flatMap((layer) => this.trainable ? layer.nonTrainableWeights : layer.weights);
  }

  /** The shapes in front of each layer, and behind the last one. */
  shapesAlong(inputShape: OneOrMany<tf.Shape>): OneOrMany<tf.Shape>[] {
    const shapes: OneOrMany<tf.Shape>[] = [inputShape];
    for (const layer of this.chain) shapes.push(layer.computeOutputShape(shapes.at(-1)!));
    return shapes;
  }

  override build(inputShape: OneOrMany<tf.Shape>): void {
    const shapes = this.shapesAlong(onlyShape(inputShape));
    this.chain.forEach((layer, i) => {
      if (!layer.built) layer.build(shapes[i]);
      layer.built = true;
    });
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: OneOrMany<tf.Shape>): OneOrMany<tf.Shape> {
    return this.shapesAlong(onlyShape(inputShape)).at(-1)!;
  }

  override call(inputs: OneOrMany<tf.Tensor>, kwargs: { training?: boolean }): OneOrMany<tf.Tensor> {
    return tf.tidy(() => {
      let x: OneOrMany<tf.Tensor> = only(inputs);
      for (const layer of this.chain) x = layer.call(x, kwargs);
      return x;
    });
  }
}

/** Writes the layers of a chain one after the other. */
export function emitChain(site: Site): void {
  const { chain } = site.layer as Chain,
    shapes = (site.layer as Chain).shapesAlong([...site.inputs[0].shape]);
  let flows: Flow[] = [...site.inputs]; // of one recurrent layer also its first state
  chain.forEach((layer, i) => {
    const shape = shapes[i + 1] as tf.Shape;
    const made = i === chain.length - 1 ? site.outputs : [{ shape, dtype: "float32" as const, names: {} }];
    site.emitInner(layer, `${i}`, flows, made);
    flows = made;
  });
}
