/**
 * The weights of a `.keras` file without its model: for files whose layers hold code of Python's, which nothing here runs.
 * @module
 */
import { basename } from "@std/path";
import { openZipFile } from "../io/zip.ts";
import { numberedPaths } from "../layers/keras_paths.ts";
import { isObject, type JsonObject } from "../layers/keras_settings.ts";
import { openKerasFile } from "./_keras_file.ts";

/** Weights of one layer of a file. */
export interface KerasLayerWeights {
  /** Name of the layer in its model. */
  name: string;
  /** Keras's name of its class, such as `Conv2D`. */
  className: string;
  /** Its arrays in Keras's order; none where it learns nothing. */
  arrays: readonly { data: Float32Array; shape: readonly number[] }[];
}

/** What of a file needs no model. */
export interface KerasWeights {
  /** Shape of an example, as its first layer has it; undefined where it is not told. */
  inputShape?: readonly (number | null)[];
  /** In the order of the file. */
  layers: readonly KerasLayerWeights[];
}

/**
 * Reads the weights of the layers of a sequential or functional model; what is inside layers is left out.
 *
 * Nothing in the file is run, and layers are not looked at: a `Lambda` is one without weights.
 *
 * @param path The `.keras` file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {SyntaxError} If the file is damaged or no such model.
 * @example
 * ```ts no-run
 * const { layers } = await readKerasWeights("Keras_Model.keras");
 * layers.find(({ className }) => className === "Conv2D")!.arrays[0].shape; // [11, 11, 3, 96]
 * ```
 */
export async function readKerasWeights(path: string): Promise<KerasWeights> {
  const source = openZipFile(path);
  try {
    const { config, weights, fail } = await openKerasFile({ ...source, name: basename(path) }, {});
    try {
      const settings = isObject(config.config) ? config.config : {};
      const layers = Array.isArray(settings.layers) ? settings.layers.filter(isObject) : [];
      if (layers.length === 0) throw fail("it is no sequential or functional model");
      const classNames = layers.map(({ class_name: className }) => String(className));
      const paths = numberedPaths(classNames);
      const all = layers.map((layer, i) => {
        const at = `layers/${paths[i]}`, count = weights.count(at);
        const arrays = Array.from({ length: count }, (_, k) => {
          const shape = weights.shape(at, k);
          return { data: weights.read(at, k, shape).slice(), shape };
        });
        const own = isObject(layer.config) ? layer.config.name : undefined;
        return { name: String(own ?? paths[i]), className: classNames[i], arrays };
      });
      return { inputShape: inputShapeOf(layers), layers: all };
    } finally {
      weights.close();
    }
  } finally {
    source.close();
  }
}

/** Shape of an example by the layer of the input. */
function inputShapeOf(layers: readonly JsonObject[]): (number | null)[] | undefined {
  const settings = layers.find(({ class_name: className }) => className === "InputLayer")?.config;
  const shape = isObject(settings) ? settings.batch_shape ?? settings.batch_input_shape : undefined;
  if (!Array.isArray(shape)) return undefined;
  return shape.slice(1).map((side) => typeof side === "number" ? side : null);
}
