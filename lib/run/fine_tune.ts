/** Starting from what another model has learned: weights by layer, heads anew, layers frozen. @module */
import { decodeKeras } from "../export/keras_read.ts";
import { tf } from "../engine/mod.ts";
import { mainModel, type Models } from "../train/mod.ts";
import { runPaths } from "./run_folder.ts";

/** Options for {@linkcode fineTune}. */
export interface FineTuneOptions {
  /**
   * A run folder or a `.keras` file; or several, by commas, each as `prefix=place`, whose layers are those of the model that have the prefix before
   * their names: `top_=runs/top,side_=runs/side`.
   */
  from: string;
  /** Names of layers that training leaves alone; `*` stands for any letters. @default {none} */
  freeze?: readonly string[];
  /** Takes a line for what was done. */
  log?: (line: string) => void;
}

/** A layer's weights, taken out of another model. */
interface Donor {
  values: Float32Array;
  shape: readonly number[];
}

/**
 * Gives every layer of a model the weights that the other model's layer of its name has, where all shapes agree; what
 * does not fit, such as a head for other classes, starts anew.
 *
 * @throws {Error} If no layer fits, or the file cannot be read.
 */
export async function fineTune(
  models: Models,
  { from, freeze = [], log = () => {} }: FineTuneOptions,
): Promise<void> {
  const model = mainModel(models);
  const donors = await readAllDonors(from);
  const taken = model.layers.filter((layer) => takeOver(layer, donors.get(layer.name)));
  if (taken.length === 0) {
    throw new Error(
      `Cannot start from "${from}" as no layer of its model fits: it has ${[...donors.keys()].join(", ")}`,
    );
  }
  const anew = model.layers.filter((layer) => layer.weights.length > 0 && !taken.includes(layer));
  log(
    `Took ${taken.length} layers from ${from}; ` +
      (anew.length > 0 ? `${anew.map(({ name }) => name).join(", ")} start anew` : "none starts anew"),
  );
  freezeLayers(model, freeze, log);
}

function takeOver(layer: tf.layers.Layer, donor: readonly Donor[] | undefined): boolean {
  const own = layer.getWeights();
  const fits = donor?.length === own.length && own.length > 0 &&
    donor.every(({ shape }, i) => String(shape) === String(own[i].shape));
  if (!fits) return false;
  tf.tidy(() => layer.setWeights(donor!.map(({ values, shape }) => tf.tensor(values, [...shape]))));
  return true;
}

/** Freezes layers by name. @throws {RangeError} If a name fits no layer. */
function freezeLayers(model: tf.LayersModel, names: readonly string[], log: (line: string) => void): void {
  for (const name of names) {
    const pattern = new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
    const layers = model.layers.filter((layer) => pattern.test(layer.name));
    if (layers.length === 0) {
      const known = model.layers.map((layer) => layer.name).join(", ");
      throw new RangeError(`Cannot freeze "${name}" as the model's layers are ${known}`);
    }
    for (const layer of layers) layer.trainable = false;
    log(`Froze ${layers.map((layer) => layer.name).join(", ")}`);
  }
}

/** The weights of one or several other models, by layer. */
async function readAllDonors(from: string): Promise<Map<string, Donor[]>> {
  const places = from.split(",").map((place) => /^(?:(\w+)=)?(.+)$/.exec(place) ?? [place, undefined, place]);
  const isSeveral = places.length > 1 && places.every(([, prefix]) => prefix !== undefined);
  const isPrefixed = places.length === 1 && places[0][1] !== undefined;
  if (!isSeveral && !isPrefixed) return await readDonors(from);
  const donors = new Map<string, Donor[]>();
  for (const [, prefix, place] of places) {
    for (const [name, weights] of await readDonors(place!)) donors.set(`${prefix}${name}`, weights);
  }
  return donors;
}

/** The weights of another model, by layer. */
async function readDonors(from: string): Promise<Map<string, Donor[]>> {
  const path = from.endsWith(".keras") ? from : runPaths(from).keras;
  const bytes = await Deno.readFile(path).catch((error) => {
    throw new Error(`Cannot start from "${from}": ${(error as Error).message}`, { cause: error });
  });
  const { model } = await decodeKeras(bytes, { name: path });
  const donors = new Map<string, Donor[]>();
  for (const layer of model.layers) {
    const weights = layer.getWeights().map((weight) => ({
      values: weight.dataSync<"float32">().slice(),
      shape: weight.shape,
    }));
    if (weights.length > 0) donors.set(layer.name, weights);
  }
  model.dispose();
  return donors;
}
