/**
 * What people hand to `fit()` and `predict()`, looked at before any work: a notebook or a script of JavaScript has no types
 * that would say it.
 * @module
 */
import { tf } from "../engine/mod.ts";
import type { Source } from "../data/source.ts";

/** What something is, in a word or two. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return `the text "${value.slice(0, 40)}"`;
  if (typeof value === "function") return `the function ${value.name || "without a name"}`;
  if (typeof value !== "object") return `${value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `a bare ${value.constructor.name}`;
  const fields = Object.keys(value).slice(0, 4).join(", ");
  return fields === "" ? "an object without fields" : `an object of ${fields}`;
}

/** Refuses what is no model of layers. @throws {TypeError} */
export function checkModel(model: unknown, action: string): void {
  if (model instanceof tf.LayersModel) return;
  throw new TypeError(`Cannot ${action} as a model of layers is needed: got ${shown(model)}`);
}

/** Refuses what are no models by name. @throws {TypeError} */
export function checkModels(models: unknown, action: string): void {
  const isBag = models instanceof Object && Object.getPrototypeOf(models) === Object.prototype;
  if (!isBag || Object.keys(models).length === 0) checkModel(models, action);
  for (const model of Object.values(models as object)) checkModel(model, action);
}

/** Refuses what is no source of examples. @throws {TypeError} */
export function checkSource(source: unknown, action: string): void {
  const { size, inputs, read } = (source ?? {}) as Partial<Source>;
  if (typeof size === "number" && typeof inputs === "object" && typeof read === "function") return;
  throw new TypeError(
    `Cannot ${action} as its examples must be a source, which fromArrays() makes: got ${shown(source)}`,
  );
}

/** What parts of a recipe have, by which they are known. */
const PARTS = {
  "a loss": ["perExample", "crossEntropy()"],
  "a metric": ["perExample", "accuracy()"],
  "an optimizer": ["update", "adam()"],
  "a schedule": ["rate", "constant(1e-3)"],
} as const;

/** Refuses a part of a recipe that is named, or not called, instead of made. @throws {TypeError} */
export function checkPart(part: unknown, kind: keyof typeof PARTS): void {
  const [method, example] = PARTS[kind];
  const isMade = typeof part === "object" && part !== null &&
    typeof (part as Record<string, unknown>)[method] === "function";
  if (isMade) return;
  throw new TypeError(`Cannot train as ${kind} must be made, as by ${example}: got ${shown(part)}`);
}

/** Refuses what is no list. @throws {TypeError} */
export function checkList(list: unknown, name: string): void {
  if (Array.isArray(list)) return;
  throw new TypeError(`Cannot train as ${name} must be a list: got ${shown(list)}`);
}
