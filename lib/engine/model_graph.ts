/**
 * A model as the graph of its layers.
 *
 * @module
 */
import type { ModelGraph } from "./layers/rewrites.ts";
import { tf } from "./tf.ts";

/** The graph of a model, built where it can be; a sequential one keeps it in a model of its own. Undefined for layers. */
export function graphOf(model: tf.LayersModel | tf.layers.Layer): ModelGraph | undefined {
  if (model instanceof tf.Sequential && !model.built && model.inputs.length > 0) model.build();
  const inner = (model as unknown as { model?: ModelGraph }).model ?? model;
  const graph = inner as unknown as ModelGraph;
  return graph.nodesByDepth ? graph : undefined;
}

/**
 * The model with its tensors named, which a sequential one does when it is built.
 *
 * @throws {TypeError} If it does not know yet what it takes.
 */
export function builtModel(model: tf.LayersModel): tf.LayersModel {
  if (!(model instanceof tf.Sequential) || model.outputNames?.length > 0) return model;
  if (model.inputs.length === 0) {
    throw new TypeError(`Cannot use model "${model.name}" as its first layer has no inputShape`);
  }
  model.build();
  return model;
}
