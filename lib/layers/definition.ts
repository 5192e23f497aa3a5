/** What this room knows of a layer: one object a class, with its form in Keras 3's files and in ONNX. @module */
import type { tf } from "../engine/mod.ts";
import type { Json, JsonObject, SettingKind } from "./keras_settings.ts";
import type { Emit } from "./onnx.ts";

/** An object that makes weights: a layer, or a cell inside one. */
export interface WeightOwner {
  addWeight(
    name: string,
    shape: number[],
    dtype: string,
    initializer: unknown,
    ...rest: unknown[]
  ): tf.LayerVariable;
}

/** A place in a Keras file where weights of a layer are kept. */
export interface WeightPart {
  /** Below the layer's own group, such as "cell"; "" for the group itself. */
  path: string;
  /** Who makes the weights. */
  owner: object;
  /** How many of the owner's next weights are kept here. @default {all that are left} */
  count?: number;
  /** Places of weights of the layer that are kept here a second time, in front. @default {none} */
  repeats?: readonly number[];
}

/** A layer's settings in a Keras 3 file. */
export interface KerasForm {
  /**
   * Settings by their name in TensorFlow.js; Keras writes the same name in snake_case, if `names` has no other.
   * This is the reader's allow-list: an option that is not named here, in `fixed` or in `ignored` is refused.
   */
  fields: Readonly<Record<string, SettingKind>>;
  /** Keras's name of a setting, where it is another word. */
  names?: Readonly<Record<string, string>>;
  /** Keras's options that must have this value, at which both sides compute the same. */
  fixed?: Readonly<Record<string, Json>>;
  /** Keras's options that change nothing here. */
  ignored?: readonly string[];
  /** Says what in Keras's settings is not supported together, if anything is. */
  check?(config: JsonObject): string | undefined;
  /** The class whose name in snake_case the layer's own group has. @default {the class's name} */
  filedAs?: string;
  /** Where weights are kept. @default {all in the layer's own group} */
  parts?(layer: tf.layers.Layer): readonly WeightPart[];
  /** Whether all settings are kept as Keras wrote them, for `create` as `kept`; the layer has them under that name. */
  keeps?: boolean;
  /** Whether Keras writes of each call that it is in training, which counts only until the whole model is called. */
  preprocesses?: boolean;
  /** Whether Keras's class takes no settings but these and a name. */
  bare?: boolean;
  /** Keras's options of a call, which follow from the types of what goes in. @default {none} */
  calledWith?(dtypes: readonly string[]): JsonObject;
  /** Whether it takes a list of inputs. */
  merges?: boolean;
  /** Whether Keras calls it with one list or with an argument a tensor, if it takes several. @default {"list"} */
  takes?: "list" | "arguments";
  /** Where Keras has the class, if not among its layers. */
  module?: string;
  /** Whether Keras itself has no such class; its file then names the class "cloudchamber>…". */
  own?: boolean;
  /** Makes the layer from settings named as in TensorFlow.js. */
  create(settings: Record<string, unknown>): tf.layers.Layer;
}

/** One layer class. */
export interface LayerDefinition {
  /** The class's name, the same in TensorFlow.js and Keras. */
  className: string;
  keras: KerasForm;
  /** Whether whole numbers go in as they are; all other layers get them as floats. */
  takesIntegers?: boolean;
  onnx: Emit;
}
