/** What in an image an answer stands on: Grad-CAM. @module */
import { tf } from "../engine/mod.ts";

/** Options for {@linkcode gradCam}. */
export interface GradCamOptions {
  /** Layer whose responses are weighed. @default {the last one with at least 7 × 7 places that all that follows goes through} */
  layer?: string;
  /** Which value of the output it is about. @default {0} */
  unit?: number;
}

/** A map of how much each place speaks for the answer. */
export interface GradCamMap {
  /** From 0 to 1, [rows · columns]; 1 the place that speaks most. All 0 where none does. */
  values: Float32Array;
  /** Places down. */
  rows: number;
  /** Places across. */
  columns: number;
  /** The layer that was looked at. */
  layer: string;
}

const LEAST_PLACES = 7;

/** A layer's one output. */
const outputOf = (layer: tf.layers.Layer) => layer.getOutputAt(0) as tf.SymbolicTensor;

/** The layers from one on, in order; undefined where something that follows does not go through it. */
function pathFrom(model: tf.LayersModel, start: tf.layers.Layer): tf.layers.Layer[] | undefined {
  const reached = new Set<tf.layers.Layer>([start]), path: tf.layers.Layer[] = [];
  for (const layer of model.layers.slice(model.layers.indexOf(start) + 1)) {
    const before = layer.inboundNodes.flatMap(({ inboundLayers }) => inboundLayers);
    const inside = before.filter((one) => reached.has(one)).length;
    if (inside === 0) continue;
    if (inside < before.length || layer.inboundNodes.length !== 1) return undefined;
    reached.add(layer);
    path.push(layer);
  }
  const last = model.layers.find((layer) => layer.getOutputAt(0) === model.outputs[0]);
  return last && reached.has(last) ? path : undefined;
}

/** The layer to look at. @throws {RangeError} If there is none, or the one that is asked for is none. */
function chooseLayer(model: tf.LayersModel, named: string | undefined): tf.layers.Layer {
  if (named !== undefined) {
    const layer = model.layers.find(({ name }) => name === named);
    if (layer && outputOf(layer).rank === 4 && pathFrom(model, layer)) return layer;
    const known = model.layers.map(({ name }) => name).join(", ");
    throw new RangeError(
      `Cannot look at layer "${named}" as it is no bottleneck of responses by place: ${known}`,
    );
  }
  const all = model.layers.filter((layer) =>
    !Array.isArray(layer.getOutputAt(0)) && outputOf(layer).rank === 4 &&
    layer.inboundNodes[0]?.inboundLayers.length > 0
  );
  const fine = all.filter((layer) =>
    Math.min(...outputOf(layer).shape.slice(1, 3) as number[]) >= LEAST_PLACES
  );
  const found = [...fine.reverse(), ...all].find((layer) => pathFrom(model, layer));
  if (found) return found;
  throw new RangeError(
    "Cannot say what mattered as the model has no layer of responses by place that all goes through",
  );
}

/**
 * Grad-CAM: the responses of a layer, each channel weighed by how much the answer rises with it, summed; what is below 0
 * speaks against it and is left out.
 *
 * Source: R. Selvaraju et al., "Grad-CAM", arXiv 1610.02391, equations 1 and 2. The slope is taken of the answer before its last sigmoid
 * where the output is one: that of a sure answer is 0.
 *
 * @param model One input, one output [batch, units].
 * @param image As the model takes it, [height, width, channels]; stays the caller's.
 * @throws {RangeError} If there is no such layer or unit.
 */
export async function gradCam(
  model: tf.LayersModel,
  image: tf.Tensor3D,
  options: GradCamOptions = {},
): Promise<GradCamMap> {
  const layer = chooseLayer(model, options.layer), path = pathFrom(model, layer)!, { unit = 0 } = options;
  const units = model.outputs[0].shape.at(-1) as number;
  if (!(Number.isInteger(unit) && unit >= 0 && unit < units)) {
    throw new RangeError(`Cannot say what mattered for value ${unit} as the output has ${units}`);
  }
  const body = tf.model({ inputs: model.inputs, outputs: outputOf(layer) });
  const head = (responses: tf.Tensor): tf.Tensor => {
    const made = new Map<string, tf.Tensor>([[outputOf(layer).name, responses]]);
    for (const next of path) {
      const before = next.getInputAt(0), inputs = Array.isArray(before) ? before : [before];
      const given = inputs.map(({ name }) => made.get(name)!);
      made.set(outputOf(next).name, next.apply(given.length === 1 ? given[0] : given) as tf.Tensor);
    }
    return made.get(model.outputs[0].name)!;
  };
  const map = tf.tidy(() => {
    const responses = body.predict(tf.expandDims(image, 0)) as tf.Tensor4D; // [1, rows, columns, channels]
    const answer = (x: tf.Tensor) => {
      const p = tf.slice(head(x) as tf.Tensor2D, [0, unit], [1, 1]);
      return tf.sum(tf.log(tf.div(p, tf.sub(1 + 1e-6, p)))) as tf.Scalar; // of a probability: its logit
    };
    const slope = tf.grad(answer)(responses);
    const weights = tf.mean(slope, [1, 2], true);
    const seen = tf.relu(tf.sum(tf.mul(responses, weights), -1)); // [1, rows, columns]
    return tf.div(seen, tf.maximum(tf.max(seen), 1e-12));
  });
  const [, rows, columns] = map.shape, values = Float32Array.from(await map.data<"float32">());
  map.dispose();
  return { values, rows, columns: columns!, layer: layer.name };
}
