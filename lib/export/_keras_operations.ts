/**
 * Arithmetic between tensors that Keras keeps in a file as operations, not layers, such as `x * 0.5 + y`: each becomes
 * the layer that computes the same. @module
 */
import type { tf } from "../engine/mod.ts";
import { isObject, type Json, type JsonObject } from "../layers/keras_settings.ts";
import { LAYERS } from "../layers/registry.ts";

type Fail = (why: string) => Error;

/** The layer that computes an operation on two tensors. */
const OF_TENSORS: Readonly<Record<string, string>> = {
  Add: "Add",
  Subtract: "Subtract",
  Multiply: "Multiply",
  Maximum: "Maximum",
  Minimum: "Minimum",
};

/** Factor and offset of an operation on a tensor and a number. */
function affine(
  className: string,
  number: number,
  first: boolean,
): [scale: number, offset: number] | undefined {
  switch (className) {
    case "Add":
      return [1, number];
    case "Multiply":
      return [number, 0];
    case "Subtract":
      return first ? [-1, number] : [1, -number];
    case "TrueDivide":
    case "Divide":
      return first ? undefined : [1 / number, 0];
  }
}

/** Whether an object in the list of layers is an operation of Keras's. */
export function isOperation(object: JsonObject): boolean {
  return String(object.module).startsWith("keras.src.ops.");
}

/** The layer in an operation's place. */
export function layerOfOperation(object: JsonObject, name: string, fail: Fail): tf.layers.Layer {
  const className = String(object.class_name);
  const [node] = Array.isArray(object.inbound_nodes) ? object.inbound_nodes : [];
  const args: readonly Json[] = isObject(node) && Array.isArray(node.args) ? node.args : [];
  const at = args.findIndex((value) => typeof value === "number");
  if (args.length === 2 && at >= 0) {
    const settings = affine(className, args[at] as number, at === 0);
    if (settings) {
      return LAYERS.get("Rescaling")!.keras.create({ scale: settings[0], offset: settings[1], name });
    }
  } else if (args.length === 2 && Object.hasOwn(OF_TENSORS, className)) {
    return LAYERS.get(OF_TENSORS[className])!.keras.create({ name });
  }
  throw fail(
    `layer "${object.name}" is operation "${className}" from "${object.module}", which is not among those that may be loaded`,
  );
}
