/**
 * What every experiment takes and how it trains, with its defaults and with each of its choices. `recipes.jsonl` keeps what
 * that was when somebody last meant it: published numbers were reached with it. Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/experiments/_recipes.ts
 * ```
 * @module
 */
import { tf } from "../../../lib/engine/tf.ts";
import { EXPERIMENTS } from "../../../lib/experiments/registry.ts";
import type { Data, Experiment, OptionTable } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { writeKept } from "../../kept.ts";

type AnyExperiment = Experiment<OptionTable, Data>;

/** Recipes of these depend on their users' pictures; they have tests of their own. */
const OF_DATA = ["images"];

/** A recipe asks data for no more than how many examples there are. */
const DATA = { train: { size: 1000 } } as Data;

/** Numbers and names of a recipe; of a function only that it is there, and what it says of itself. */
function plainOf(recipe: unknown): unknown {
  const text = JSON.stringify(recipe, (_, value) => {
    if (typeof value === "function") return { function: value.config ?? true };
    return value instanceof tf.Tensor ? { shape: value.shape } : value;
  });
  return JSON.parse(text);
}

function recipeOf(experiment: AnyExperiment, changes: Record<string, unknown> = {}): unknown {
  const options = optionsFor(experiment, changes as Parameters<typeof optionsFor>[1]);
  return plainOf(experiment.recipe(options, DATA, {} as never));
}

/** The recipe of a choice, or why the defaults of all others do not go with it. */
function recipeOrRefusal(experiment: AnyExperiment, change: Record<string, unknown>): unknown {
  try {
    return recipeOf(experiment, change);
  } catch (error) {
    if (error instanceof RangeError) return { refused: error.message };
    throw error;
  }
}

/** Everything of one experiment but its words: its options, and the recipe of its defaults and of each choice. */
export function describe(experiment: AnyExperiment): unknown {
  const { options, defaults } = experiment;
  const changes = Object.entries(options).flatMap(([name, spec]): Record<string, unknown>[] => {
    if (spec.type === "choice") return spec.choices.map((choice) => ({ [name]: choice }));
    return spec.type === "boolean" ? [{ [name]: !spec.default }] : [];
  });
  const recipes = OF_DATA.includes(experiment.name) ? [] : [
    ["defaults", recipeOf(experiment)],
    ...changes.map((change) => [JSON.stringify(change), recipeOrRefusal(experiment, change)]),
  ];
  const numbers = Object.entries(options).map(([name, { help: _, ...spec }]) => [name, spec]);
  return { defaults, options: Object.fromEntries(numbers), recipes: Object.fromEntries(recipes) };
}

/** Where they are kept: a line an experiment. */
export const KEPT = new URL("recipes.jsonl", import.meta.url);

if (import.meta.main) {
  const all = EXPERIMENTS.map((experiment) => ({ name: experiment.name, is: describe(experiment) }));
  await writeKept(KEPT, all);
}
