/** The zip that is a `.keras` file: its settings as JSON, its weights, and what else it may turn out to be. @module */
import { listZip, openZipEntry, readZipEntry, type ZipEntry, type ZipSource } from "../io/zip.ts";
import { isObject, type JsonObject } from "../layers/keras_settings.ts";
import type { Fail } from "./_keras_model.ts";
import { openWeights, type WeightsFile } from "./_weights_file.ts";

const MAX_CONFIG_BYTES = 64 << 20;

/** Bytes by which other forms of models are told. */
const HEAD_BYTES = 16;

/** A `.keras` file whose weights are open, until they are closed. */
export interface OpenKerasFile {
  /** The model as Keras wrote it. */
  config: JsonObject;
  weights: WeightsFile;
  /** Makes an error that names the file. */
  fail: Fail;
}

/**
 * Opens a file.
 *
 * @param options Most bytes that it may unpack to.
 * @throws {SyntaxError} If it is no `.keras` file of Keras 3, or damaged.
 */
export async function openKerasFile(
  source: ZipSource,
  { maxBytes = 2 ** 31 }: { maxBytes?: number },
): Promise<OpenKerasFile> {
  const { name } = source;
  const fail: Fail = (why) => new SyntaxError(`Cannot read Keras model "${name}" as ${why}`);
  const other = otherFormat(source.read(0, Math.min(source.size, HEAD_BYTES)));
  if (other) {
    throw fail(`it is ${other}; in Python, keras.models.load_model(…).save("model.keras") converts it`);
  }
  const entries = listZip(source, {
    maxEntries: 1000,
    maxEntryBytes: maxBytes,
    maxTotalBytes: maxBytes,
    maxRatio: 200,
  });
  const entry = (file: string): ZipEntry => {
    const found = entries.find((entry) => entry.name === file);
    if (!found) throw fail(`it holds no ${file}`);
    return found;
  };
  const json = (file: string): JsonObject => {
    if (entry(file).size > MAX_CONFIG_BYTES) throw fail(`${file} is larger than ${MAX_CONFIG_BYTES} bytes`);
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(readZipEntry(source, entry(file))));
      if (isObject(value)) return value;
    } catch (error) {
      throw fail(`${file} is not JSON: ${(error as Error).message}`);
    }
    throw fail(`${file} is not a JSON object`);
  };
  const version = json("metadata.json").keras_version;
  if (typeof version !== "string" || !version.startsWith("3.")) {
    throw fail(`it was saved by Keras ${JSON.stringify(version ?? null)}: expected Keras 3`);
  }
  const config = json("config.json");
  // Settings are looked at before the weights are touched, so that a forbidden layer is what gets named.
  const weights = await openWeights(openZipEntry(source, entry("model.weights.h5")), fail);
  return { config, weights, fail };
}

/** Other forms in which models are saved, by their first bytes. */
function otherFormat(bytes: Uint8Array): string | undefined {
  const starts = (...head: number[]) => head.every((byte, i) => bytes[i] === byte);
  if (starts(0x89, 0x48, 0x44, 0x46)) return "an HDF5 file as Keras 2 saved it (.h5)";
  // saved_model.pb begins with its schema version, then a message (field 2).
  if (starts(0x08, 0x01, 0x12)) return "TensorFlow's SavedModel (saved_model.pb)";
  if (bytes.length > 8 && String.fromCharCode(...bytes.subarray(4, 8)) === "TFL3") {
    return "a TensorFlow Lite model";
  }
  return undefined;
}
