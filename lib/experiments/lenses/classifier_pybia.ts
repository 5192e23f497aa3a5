/**
 * What pyBIA's `Classifier.save` left in a folder: weights, histories, classes.
 *
 * Its models are HDF5 files with code of Python's in them, its settings are pickled: nothing here runs either. So each
 * `Keras_Model.h5` has to be saved again as `Keras_Model.keras` beside it, in Python once, and settings are those of the object that
 * loads. A file whose layers are all known is read whole; of one with a `Lambda` (local response normalisation, pooling by the
 * minimum) the weights go into the network that the settings say. @module
 */
import { basename, join } from "@std/path";
import { type Cutouts, cutoutsOf } from "../../data/lenses.ts";
import { tf } from "../../engine/mod.ts";
import { readKeras } from "../../export/keras_read.ts";
import { type KerasLayerWeights, type KerasWeights, readKerasWeights } from "../../export/keras_weights.ts";
import { decodeNpy } from "../../io/npy.ts";
import type * as train from "../../train/mod.ts";
import type { FitSettings, Trained } from "./classifier_fit.ts";
import { type Normalisation, stepsFor } from "./classifier_sets.ts";
import { buildPybiaNetwork } from "./networks.ts";

/** What {@linkcode readPybiaFolder} found. */
export interface PybiaFolder {
  models: Trained[];
  /** Of each model, without epochs where its history is missing. */
  histories: { epochs: train.EpochNumbers[] }[];
  /** Classes as they were trained on; pyBIA keeps them where it was asked to. */
  positive?: Cutouts;
  negative?: Cutouts;
}

/** Most models of an ensemble that are looked for, as in pyBIA. */
const MOST_MODELS = 100;
/** Columns of pyBIA's histories. */
const COLUMNS = ["accuracy", "loss", "f1Score"] as const;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

/** The folder itself, or the one that pyBIA made in it. */
async function folderOf(folder: string): Promise<string> {
  const inner = join(folder, "pyBIA_cnn_model");
  return await Deno.stat(inner).then(({ isDirectory }) => isDirectory, () => false) ? inner : folder;
}

/** Ends of the names of an ensemble's files, or of the one model's. */
async function endingsOf(folder: string): Promise<string[]> {
  if (await exists(join(folder, "Keras_Model.keras"))) return [""];
  const endings: string[] = [];
  while (endings.length < MOST_MODELS) {
    const ending = `_CV_${endings.length + 1}`;
    if (!await exists(join(folder, `Keras_Model${ending}.keras`))) break;
    endings.push(ending);
  }
  return endings;
}

/** Whether a folder holds something of pyBIA's. */
export async function isPybiaFolder(folder: string): Promise<boolean> {
  const place = await folderOf(folder);
  const names = ["", "_CV_1"].flatMap((ending) =>
    [".keras", ".h5"].map((type) => `Keras_Model${ending}${type}`)
  );
  return (await Promise.all(names.map((name) => exists(join(place, name))))).some(Boolean);
}

/**
 * Reads a folder of pyBIA's.
 *
 * @param settings Network, and how values are normalised: what is pickled in the folder is not read.
 * @throws {Deno.errors.NotFound} If there is no `.keras` file; the line says how to make one.
 * @throws {RangeError} If weights do not fit the network that the settings say.
 */
export async function readPybiaFolder(
  folder: string,
  settings: FitSettings & Partial<Normalisation>,
): Promise<PybiaFolder> {
  const place = await folderOf(folder), endings = await endingsOf(place);
  if (endings.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot load pyBIA's model from "${place}" as it holds no Keras_Model.keras: in Python, ` +
        `keras.models.load_model("Keras_Model.h5", compile=False, safe_mode=False).save("Keras_Model.keras") makes one`,
    );
  }
  const models: Trained[] = [], histories: PybiaFolder["histories"] = [];
  try {
    for (const ending of endings) {
      models.push(await modelOf(join(place, `Keras_Model${ending}.keras`), settings));
      histories.push({ epochs: await epochsOf(place, ending) });
    }
    const positive = await classOf(join(place, "class_1.npy"));
    const negative = await classOf(join(place, "class_2.npy"));
    return { models, histories, positive, negative };
  } catch (error) {
    for (const { model } of models) model.dispose();
    throw error;
  }
}

/** A model, with the steps before it. */
async function modelOf(path: string, settings: FitSettings & Partial<Normalisation>): Promise<Trained> {
  const file = await readKerasWeights(path);
  const hasCode = file.layers.some(({ className }) => className === "Lambda");
  const model = hasCode ? poured(path, file, settings) : (await readKeras(path)).model;
  const shape = (model.inputs[0].shape as number[]).slice(1),
    { normalize = false, minPixel, maxPixel } = settings;
  const blank = { data: new Float32Array(0), shape: [0, ...shape] };
  return { model, steps: stepsFor(blank, { normalize, minPixel, maxPixel }) };
}

/** Number that Keras gave a layer of a class: the order in which they were made, which a functional model's list is not. */
const numberOf = ({ name }: KerasLayerWeights) => Number(/_(\d+)$/.exec(name)?.[1] ?? 0);

/** The network of the settings with the weights of a file, class by class in the order in which layers were made. */
function poured(path: string, { inputShape, layers }: KerasWeights, settings: FitSettings): tf.LayersModel {
  const { clf = "alexnet", architecture } = settings;
  if (inputShape?.length !== 3 || inputShape.includes(null)) {
    throw misfit(path, settings, `an input of [${inputShape ?? ""}]`, "images of one size");
  }
  const model = buildPybiaNetwork(clf, { inputShape: inputShape as number[], ...architecture });
  try {
    for (const className of ["Conv2D", "Dense", "BatchNormalization"]) {
      const theirs = layers.filter((layer) => layer.className === className)
        .toSorted((a, b) => numberOf(a) - numberOf(b));
      const ours = model.layers.filter((layer) => layer.getClassName() === className)
        .toSorted((a, b) => a.id - b.id);
      if (ours.length !== theirs.length) {
        throw misfit(path, settings, `${theirs.length} ${className} layers`, String(ours.length));
      }
      ours.forEach((layer, i) => pour(path, layer, theirs[i], settings));
    }
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function misfit(path: string, { clf = "alexnet" }: FitSettings, theirs: string, ours: string): RangeError {
  return new RangeError(
    `Cannot load "${
      basename(path)
    }" into "${clf}" as it has ${theirs}, where the network of clf and architecture has ${ours}`,
  );
}

function pour(
  path: string,
  layer: tf.layers.Layer,
  { name, arrays }: KerasLayerWeights,
  settings: FitSettings,
): void {
  const wanted = layer.weights.map(({ shape }) => shape.join(" × ")).join(", ");
  const found = arrays.map(({ shape }) => shape.join(" × ")).join(", ");
  if (wanted !== found) throw misfit(path, settings, `${found} in "${name}"`, wanted);
  tf.tidy(() => layer.setWeights(arrays.map(({ data, shape }) => tf.tensor(data, [...shape]))));
}

/** Rows of numbers as `np.savetxt` writes them. */
async function rowsOf(path: string): Promise<number[][]> {
  if (!await exists(path)) return [];
  const lines = (await Deno.readTextFile(path)).split("\n").map((line) => line.trim());
  const rows = lines.filter((line) => line !== "" && !line.startsWith("#")).map((line) =>
    line.split(/\s+/).map(Number)
  );
  const wrong = rows.findIndex((row) => row.length !== COLUMNS.length || row.some(Number.isNaN));
  if (wrong < 0) return rows;
  throw new SyntaxError(
    `Cannot read "${path}" as epoch ${wrong + 1} must be three numbers: accuracy, loss, F1`,
  );
}

/** Numbers of a model's epochs. */
async function epochsOf(place: string, ending: string): Promise<train.EpochNumbers[]> {
  const own = await rowsOf(join(place, `model_train_metrics${ending}`));
  const held = await rowsOf(join(place, `model_val_metrics${ending}`));
  return own.map((row, i) => {
    const numbers: train.EpochNumbers = { epoch: i + 1 } as train.EpochNumbers;
    COLUMNS.forEach((name, k) => {
      numbers[name] = row[k];
      if (held[i]) numbers[`validation${name[0].toUpperCase()}${name.slice(1)}`] = held[i][k];
    });
    return numbers;
  });
}

/** A class, where it was kept. */
async function classOf(path: string): Promise<Cutouts | undefined> {
  if (!await exists(path)) return undefined;
  return cutoutsOf(decodeNpy(await Deno.readFile(path), { name: path }), path);
}
