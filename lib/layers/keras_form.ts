/** A layer's settings written for Keras 3 and read back, by the table of its {@linkcode KerasForm}. @module */
import type { tf } from "../engine/mod.ts";
import type { KerasForm, LayerDefinition } from "./definition.ts";
import {
  camel,
  isObject,
  type Json,
  type JsonObject,
  settingFromKeras,
  settingToKeras,
  snake,
} from "./keras_settings.ts";

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** How the definition of a class is found, for a layer that holds another one. */
export type Find = (className: string) => LayerDefinition | undefined;

/** A layer inside a layer, or several. */
function innerToKeras(
  inner: tf.layers.Layer | readonly tf.layers.Layer[],
  find: Find,
  fail: (why: string) => Error,
): Json {
  if (Array.isArray(inner)) return inner.map((one) => innerToKeras(one, find, fail));
  return oneToKeras(inner as tf.layers.Layer, find, fail);
}

function oneToKeras(inner: tf.layers.Layer, find: Find, fail: (why: string) => Error): JsonObject {
  const className = inner.getClassName(), definition = find(className);
  if (!definition) throw fail(`class "${className}" inside it is not among those that can be written`);
  return layerObject(inner.name, inner.trainable, definition, layerToKeras(inner, definition, find));
}

/** A layer as an object of Keras's JSON. */
export function layerObject(
  name: string,
  trainable: boolean,
  { className, keras: form }: LayerDefinition,
  settings: JsonObject,
): JsonObject {
  const policy = {
    module: "keras",
    class_name: "DTypePolicy",
    config: { name: "float32" },
    registered_name: null,
  };
  return {
    module: form.own ? OWN_PACKAGE : form.module ?? "keras.layers",
    class_name: className,
    config: form.bare ? { name, ...settings } : { name, trainable, dtype: policy, ...settings },
    registered_name: form.own ? `${OWN_PACKAGE}>${className}` : form.module ? className : null,
  };
}

/** The package under which Python has to register classes that Keras lacks. */
export const OWN_PACKAGE = "cloudchamber";

/** Keras's name of a setting. */
function kerasName(form: KerasForm, name: string): string {
  return form.names?.[name] ?? snake(name);
}

/**
 * A layer's settings as Keras writes them, without its name.
 *
 * @param definition Its class.
 * @param find Where definitions of layers inside it are found.
 * @throws {TypeError} If Keras has no such setting.
 */
export function layerToKeras(
  layer: tf.layers.Layer,
  { keras: form }: LayerDefinition,
  find: Find,
): JsonObject {
  const fail = (why: string) => new TypeError(`Cannot write layer "${layer.name}" for Keras as ${why}`);
  const settings = layer.getConfig() as Record<string, unknown>;
  const config: JsonObject = form.keeps ? { ...(layer as unknown as { kept: JsonObject }).kept } : {};
  for (const [name, kind] of Object.entries(form.fields)) {
    // A separable convolution forgets to tell its depth multiplier.
    const value = name in settings ? settings[name] : (layer as unknown as Record<string, unknown>)[name];
    if (value === undefined) continue; // both sides have the same default
    const inner = (layer as unknown as Record<string, tf.layers.Layer | tf.layers.Layer[]>)[name];
    const isInner = kind === "layer" || kind === "layers";
    const written = isInner ? innerToKeras(inner, find, fail) : settingToKeras(kind, value);
    if (written === undefined) {
      throw fail(`${name} ${JSON.stringify(value)} means something else or nothing there`);
    }
    config[kerasName(form, name)] = written;
  }
  for (const [name, wanted] of Object.entries(form.fixed ?? {})) {
    const value = settings[camel(name)] ?? null;
    const found = value === "channelsLast" ? "channels_last" : value;
    if (found !== null && !same(found, wanted)) {
      throw fail(`${camel(name)} must be ${JSON.stringify(wanted)}`);
    }
    config[name] = wanted;
  }
  return config;
}

/** Keras's options that every layer has and that are read elsewhere or mean nothing for a trained model. */
const COMMON = ["name", "trainable", "dtype", "batch_input_shape"];

/**
 * A layer made from the settings that Keras wrote.
 *
 * @param definition Its class.
 * @param config Its settings.
 * @param fail Makes an error of what is wrong.
 * @param context The layer's name here, and where definitions of layers inside it are found.
 */
export function layerFromKeras(
  { className, keras: form }: LayerDefinition,
  config: JsonObject,
  fail: (why: string) => Error,
  { name: safe, find }: { name: string; find: Find },
): tf.layers.Layer {
  const name = String(config.name), what = `layer "${name}" (${className})`;
  const settings: Record<string, unknown> = { name: safe, trainable: config.trainable !== false };
  const known = new Map(Object.keys(form.fields).map((ours) => [kerasName(form, ours), ours]));
  for (const [key, value] of Object.entries(config)) {
    const ours = known.get(key);
    if (ours !== undefined) {
      const kind = form.fields[ours];
      const isInner = kind === "layer" || kind === "layers";
      const setting = isInner ? innerFromKeras(kind, value, what, fail, find) : settingFromKeras(kind, value);
      if (setting === undefined) throw fail(`${what} has ${key} ${brief(value)}, which is not supported`);
      if (setting !== null) settings[ours] = setting;
    } else if (form.fixed && Object.hasOwn(form.fixed, key)) {
      if (value !== null && !same(value, form.fixed[key])) {
        throw fail(
          `${what} has ${key} ${brief(value)}: only ${JSON.stringify(form.fixed[key])} is supported`,
        );
      }
    } else if (form.keeps && !COMMON.includes(key)) {
      settings.kept = { ...settings.kept as JsonObject | undefined, [key]: value };
    } else if (key === "activity_regularizer" && value === null) {
      continue;
    } else if (!COMMON.includes(key) && !form.ignored?.includes(key)) {
      throw fail(`${what} has an unknown option "${key}"`);
    }
  }
  const problem = form.check?.(config);
  if (problem !== undefined) throw fail(`${what} ${problem}`);
  checkDtype(config.dtype ?? null, what, fail);
  try {
    return form.create(settings);
  } catch (error) {
    throw fail(`${what} cannot be made: ${(error as Error).message}`);
  }
}

/** Whether a module is where Keras has a class. */
export function isKerasModule(module: string, { keras: form }: LayerDefinition): boolean {
  return module === (form.module ?? "keras.layers") || module.startsWith("keras.src.layers.");
}

/** A layer inside a layer, or several, whose weights will be those of the file. */
function innerFromKeras(
  kind: "layer" | "layers",
  value: Json,
  what: string,
  fail: (why: string) => Error,
  find: Find,
): tf.layers.Layer | tf.layers.Layer[] {
  if (kind === "layer") return oneFromKeras(value, what, fail, find);
  if (!Array.isArray(value) || value.length === 0) throw fail(`${what} does not say the layers inside it`);
  return value.map((one) => oneFromKeras(one, what, fail, find));
}

function oneFromKeras(value: Json, what: string, fail: (why: string) => Error, find: Find): tf.layers.Layer {
  if (!isObject(value) || !isObject(value.config)) throw fail(`${what} does not say the layer inside it`);
  const definition = find(String(value.class_name));
  if (!definition || !isKerasModule(String(value.module), definition)) {
    throw fail(`${what} holds class ${brief(value)}, which is not among the layers that may be loaded`);
  }
  const { name } = value.config;
  const safe = String(name ?? "inner").replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^_/, "x_");
  return layerFromKeras(definition, value.config, fail, { name: safe, find });
}

function brief(value: Json): string {
  const named = isObject(value) && typeof value.class_name === "string" ? `"${value.class_name}"` : undefined;
  const text = named ?? JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function checkDtype(dtype: Json, what: string, fail: (why: string) => Error): void {
  const name = isObject(dtype) && isObject(dtype.config) ? dtype.config.name ?? null : dtype;
  if (name !== null && name !== "float32") {
    throw fail(`${what} computes in ${brief(name)}: only float32 is supported`);
  }
}
