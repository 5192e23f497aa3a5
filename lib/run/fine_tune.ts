/** Starting from what another model has learned: weights by layer, heads anew, layers frozen. @module */
import { readKeras } from "../export/keras_read.ts";
import { tf } from "../engine/mod.ts";
import { mainModel, type Models } from "../train/mod.ts";
import { adoptModel } from "./adopt_model.ts";
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
 * Where no layer of a `.keras` file fits, its network takes the model's place, with a head of the model's own kind.
 *
 * @returns The models to train: those given, or with the file's network in place of the first.
 * @throws {Error} If neither layers nor the whole network fit, or the file cannot be read.
 */
export async function fineTune(
  models: Models,
  { from, freeze = [], log = () => {} }: FineTuneOptions,
): Promise<Models> {
  const model = mainModel(models);
  const donors = await readAllDonors(from);
  const taken = model.layers.filter((layer) => takeOver(layer, donors.get(layer.name)));
  if (taken.length === 0) {
    const adopted = await adoptFrom(from, model, [...donors.keys()]);
    log(
      `No layer of ${from} is the experiment's: its network takes the place of "${model.name}", with a new ` +
        `"${adopted.outputNames[0]}"; it sees what the experiment's preprocessing makes`,
    );
    freezeLayers(adopted, freeze, log);
    return { ...models, [Object.keys(models)[0]]: adopted };
  }
  const anew = model.layers.filter((layer) => layer.weights.length > 0 && !taken.includes(layer));
  log(
    `Took ${taken.length} layers from ${from}; ` +
      (anew.length > 0 ? `${anew.map(({ name }) => name).join(", ")} start anew` : "none starts anew"),
  );
  freezeLayers(model, freeze, log);
  return models;
}

/** The network of a file with the model's head. @throws {Error} If it has another input or several ends. */
async function adoptFrom(
  from: string,
  model: tf.LayersModel,
  layers: readonly string[],
): Promise<tf.LayersModel> {
  const no = `Cannot start from "${from}" as no layer of its model fits: it has ${layers.join(", ")}`;
  if (!from.endsWith(".keras") || from.includes("=")) throw new Error(no);
  const { model: foreign } = await readKeras(from, { name: from });
  try {
    return adoptModel(model, foreign);
  } catch (error) {
    foreign.dispose();
    throw new Error(`${no}; ${(error as Error).message}`, { cause: error });
  }
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
  const all = allLayers(model.layers);
  for (const name of names) {
    const pattern = new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
    const layers = all.filter((layer) => pattern.test(layer.name));
    if (layers.length === 0) {
      const known = all.map((layer) => layer.name).join(", ");
      throw new RangeError(`Cannot freeze "${name}" as the model's layers are ${known}`);
    }
    for (const layer of layers) layer.trainable = false;
    log(`Froze ${layers.map((layer) => layer.name).join(", ")}`);
  }
}

/** Layers with those inside models among them. */
function allLayers(layers: readonly tf.layers.Layer[]): tf.layers.Layer[] {
  return layers.flatMap((layer) => {
    const { layers: inner } = layer as unknown as { layers?: tf.layers.Layer[] };
    return [layer, ...inner ? allLayers(inner) : []];
  });
}

/** The weights of one or several other models, by layer. */
async function readAllDonors(from: string): Promise<Map<string, Donor[]>> {
  const places = from.split(",").map((place) => /^(?:(\w+)=)?(.+)$/.exec(place) ?? [place, undefined, place]);
  if (places.some(([, prefix]) => prefix === undefined)) return await readDonors(from);
  const donors = new Map<string, Donor[]>();
  for (const [, prefix, place] of places) {
    for (const [name, weights] of await readDonors(place!)) donors.set(`${prefix}${name}`, weights);
  }
  return donors;
}

/** The weights of another model, by layer. */
async function readDonors(from: string): Promise<Map<string, Donor[]>> {
  const path = from.endsWith(".keras") ? from : runPaths(from).keras;
  const { model } = await readKeras(path, { name: path }).catch((error) => {
    if (error instanceof SyntaxError || error instanceof RangeError) throw error; // it says what is wrong with the file
    throw new Error(`Cannot start from "${from}": ${(error as Error).message}`, { cause: error });
  });
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
