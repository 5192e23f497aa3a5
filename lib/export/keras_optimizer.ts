/**
 * An optimizer's state between our training and a Keras 3 file.
 *
 * Both follow the same formulas (see `lib/train`), so only names and the order of the arrays differ: Keras has the step
 * count and the rate first, then Adam's two moments weight by weight, and the slots of the others slot by slot. @module
 */
import { float, type Json, type JsonObject } from "../layers/keras_settings.ts";

/** What `.keras` holds of an optimizer; `lib/train`'s optimizers have the same rules, slots and order. */
export interface OptimizerState {
  /** "adam", "sgd" or "rmsprop" as `name`, and its settings. */
  config: Readonly<Record<string, string | number | boolean>>;
  /** Names of the slots each weight has. */
  slots: readonly string[];
  /** Learning rate of the next step. */
  rate: number;
  /** Decoupled weight decay. @default {0} */
  weightDecay?: number;
  /** Which weights decay; Keras decays all. @default {"kernels", those of rank 2 and more} */
  decays?: "all" | "kernels";
  /** How gradients are cut, if they are: each weight's to a norm, all together to a norm, or each number to a size. */
  clip?: { norm?: number; globalNorm?: number; value?: number };
  /** Steps done. */
  step: number;
  /** Slots of each trained weight, in the order of `model.trainableWeights`: `values[weight][slot]`. */
  values: readonly (readonly Float32Array[])[];
}

interface Rule {
  className: string;
  /** Keras's name of a setting. */
  settings: Readonly<Record<string, string>>;
  /** Our names of the slots in Keras's order. */
  slots: readonly string[];
  /** Whether Keras keeps a weight's slots side by side. */
  interleaved: boolean;
  /** Keras's options that must have this value. */
  fixed: Readonly<Record<string, Json>>;
}

const RULES: Readonly<Record<string, Rule>> = {
  adam: {
    className: "Adam",
    settings: { beta1: "beta_1", beta2: "beta_2", epsilon: "epsilon" },
    slots: ["mean", "square"],
    interleaved: true,
    fixed: { amsgrad: false },
  },
  sgd: {
    className: "SGD",
    settings: { momentum: "momentum", nesterov: "nesterov" },
    slots: ["momentum"],
    interleaved: false,
    fixed: {},
  },
  rmsprop: {
    className: "RMSprop",
    settings: { rho: "rho", momentum: "momentum", epsilon: "epsilon", centered: "centered" },
    slots: ["square", "momentum", "mean"],
    interleaved: false,
    fixed: {},
  },
};

/** Options of every Keras optimizer that must be off. */
export const OFF: Readonly<Record<string, Json>> = {
  use_ema: false,
  loss_scale_factor: null,
  gradient_accumulation_steps: null,
};
/** Options that change nothing while the averages of weights are off. */
const IGNORED = ["name", "ema_momentum", "ema_overwrite_frequency"];
/** How gradients are cut, by Keras's name. */
const CLIPS = { clipnorm: "norm", global_clipnorm: "globalNorm", clipvalue: "value" } as const;

/** Where the slot of a weight stands behind step count and rate, given `weights` weights and `slots` slots each. */
function place(rule: Rule, weight: number, slot: number, weights: number, slots: number): number {
  return 2 + (rule.interleaved ? weight * slots + slot : slot * weights + weight);
}

/** What of an optimizer a Keras file cannot say, or nothing. */
function unsaid({ config, slots }: Pick<OptimizerState, "config" | "slots">): string | undefined {
  const { name, ...settings } = config;
  if (!Object.hasOwn(RULES, String(name))) {
    return `optimizer "${name}" for Keras: it may be ${Object.keys(RULES).join(", ")}`;
  }
  const rule = RULES[String(name)];
  const setting = Object.keys(settings).find((setting) => !Object.hasOwn(rule.settings, setting));
  if (setting !== undefined) return `optimizer option "${setting}" for Keras`;
  const known = rule.slots.filter((slot) => slots.includes(slot));
  if (known.length === slots.length) return undefined;
  return `optimizer slots ${slots} for Keras: "${name}" has ${rule.slots}`;
}

/**
 * Whether a Keras file can say an optimizer's state: Adam's without amsgrad, SGD's and RMSprop's it can.
 *
 * @example
 * ```ts
 * hasKerasForm({ config: { name: "lion" }, slots: ["momentum"] }); // false
 * ```
 */
export function hasKerasForm(state: Pick<OptimizerState, "config" | "slots">): boolean {
  return unsaid(state) === undefined;
}

/**
 * An optimizer as Keras configures it, and its arrays in Keras's order.
 *
 * @param state The optimizer.
 * @param order For each weight in Keras's order, its index in `state.values`.
 * @throws {TypeError} If the rule is unknown, or arrays are missing.
 */
export function optimizerToKeras(
  state: OptimizerState,
  order: readonly number[],
): { config: JsonObject; arrays: { data: Float32Array; weight: number }[] } {
  const problem = unsaid(state);
  if (problem !== undefined) throw new TypeError(`Cannot write ${problem}`);
  const { name, ...settings } = state.config;
  const rule = RULES[String(name)], { weightDecay = 0 } = state;
  const config: JsonObject = {
    name: String(name),
    learning_rate: float(state.rate),
    weight_decay: weightDecay > 0 ? float(weightDecay) : null,
    ...OFF,
    ...Object.fromEntries(
      Object.entries(CLIPS).map(([theirs, ours]) => {
        const value = state.clip?.[ours];
        return [theirs, value === undefined ? null : float(value)];
      }),
    ),
    ...rule.fixed,
  };
  for (const [ours, value] of Object.entries(settings)) {
    config[rule.settings[ours]] = typeof value === "number" ? float(value) : value;
  }
  const slots = rule.slots.filter((slot) => state.slots.includes(slot));
  const arrays: { data: Float32Array; weight: number }[] = [];
  order.forEach((weight, i) => {
    slots.forEach((slot, j) => {
      const data = state.values[weight]?.[state.slots.indexOf(slot)];
      if (!data) {
        throw new TypeError(`Cannot write optimizer slot "${slot}" of weight ${weight} as it is missing`);
      }
      arrays[place(rule, i, j, order.length, slots.length) - 2] = { data, weight };
    });
  });
  const className = weightDecay > 0 && name === "adam" ? "AdamW" : rule.className;
  return {
    config: { module: "keras.optimizers", class_name: className, config, registered_name: null },
    arrays,
  };
}

/** An optimizer read from a Keras file, before its arrays are. */
export interface KerasOptimizer {
  config: Readonly<Record<string, string | number | boolean>>;
  slots: readonly string[];
  rate: number;
  weightDecay: number;
  clip?: OptimizerState["clip"];
  /** Index in the file of a slot of a weight; 0 is the step count and 1 the rate. */
  place(weight: number, slot: number, weights: number): number;
}

/**
 * Understands Keras's configuration of an optimizer.
 *
 * @param value The `optimizer` of a `compile_config`.
 * @param fail Makes an error of what is wrong.
 */
export function optimizerFromKeras(value: JsonObject, fail: (why: string) => Error): KerasOptimizer {
  const className = value.class_name;
  const name = className === "AdamW"
    ? "adam"
    : Object.keys(RULES).find((name) => RULES[name].className === className);
  const given = value.config;
  if (name === undefined || typeof given !== "object" || given === null || Array.isArray(given)) {
    throw fail(`optimizer ${JSON.stringify(className)} is not supported`);
  }
  const rule = RULES[name], config: Record<string, string | number | boolean> = { name };
  const clip: Record<string, number> = {};
  const known = new Map(Object.entries(rule.settings).map(([ours, theirs]) => [theirs, ours]));
  const fixed = { ...OFF, ...rule.fixed };
  for (const [key, setting] of Object.entries(given)) {
    const ours = known.get(key);
    if (ours !== undefined) {
      if (typeof setting !== "number" && typeof setting !== "boolean") {
        throw fail(`optimizer option "${key}" must be a number or a boolean`);
      }
      config[ours] = setting;
    } else if (Object.hasOwn(fixed, key)) {
      if (setting !== fixed[key]) {
        throw fail(`optimizer option "${key}" must be ${JSON.stringify(fixed[key])}`);
      }
    } else if (Object.hasOwn(CLIPS, key)) {
      if (typeof setting === "number") clip[CLIPS[key as keyof typeof CLIPS]] = setting;
    } else if (!IGNORED.includes(key) && key !== "learning_rate" && key !== "weight_decay") {
      throw fail(`optimizer has an unknown option "${key}"`);
    }
  }
  const { learning_rate: rate, weight_decay: decay } = given;
  const slots = rule.slots.filter((slot) =>
    name === "adam" || slot === "square" || (slot === "momentum" && Number(config.momentum ?? 0) > 0) ||
    (slot === "mean" && config.centered === true)
  );
  return {
    config,
    slots,
    // A schedule is written as an object; the rate that it had reached stands with the arrays.
    rate: typeof rate === "number" ? rate : NaN,
    weightDecay: typeof decay === "number" ? decay : 0,
    clip: Object.keys(clip).length > 0 ? clip : undefined,
    place: (weight, slot, weights) => place(rule, weight, slot, weights, slots.length),
  };
}
