/**
 * The networks that experiments train where nothing is said: the shape of every weight, and how each layer ends. As with
 * the recipes beside them, published numbers were reached with these. Run as a program, this file writes them anew:
 *
 * ```sh
 * deno run -A tests/lib/experiments/_networks.ts
 * ```
 * @module
 */
import { startEngine, type tf } from "../../../lib/engine/mod.ts";
import { EXPERIMENTS } from "../../../lib/experiments/registry.ts";
import type { Data, Experiment, OptionTable } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { modelsOf } from "../../../lib/train/mod.ts";
import { writeKept } from "../../kept.ts";

type AnyExperiment = Experiment<OptionTable, Data>;

/** A network of these depends on their users' pictures; they have tests of their own. */
const OF_DATA = ["images"];

/** What a network may be fitted to before it is trained: two frames in which nothing is to be seen. */
const DATA = { sample: new Float32Array(2 * 128 * 128) } as unknown as Data;

/** Experiments whose networks are kept. */
export const BUILT: readonly AnyExperiment[] = (EXPERIMENTS as readonly AnyExperiment[]).filter(({ name }) =>
  !OF_DATA.includes(name)
);

/** Each layer as its class, its activation where it has one, and the shapes of its weights; none that is nothing of these. */
function describe(model: tf.LayersModel): string[] {
  return model.layers.flatMap((layer) => {
    const { activation } = layer as unknown as { activation?: { getClassName(): string } };
    const shapes = layer.weights.map(({ shape }) => `[${shape}]`);
    const words = [layer.getClassName(), activation?.getClassName(), ...shapes].filter((word) =>
      word !== undefined
    );
    return words.length > 1 ? [words.join(" ")] : [];
  });
}

/** The default networks of an experiment by their roles. */
export function networksOf(experiment: AnyExperiment): Record<string, string[]> {
  const models = modelsOf(experiment.build(optionsFor(experiment, {}), DATA));
  return Object.fromEntries(
    Object.entries(models).map(([role, model]) => {
      const layers = describe(model);
      model.dispose();
      return [role, layers];
    }),
  );
}

/** Where they are kept: a line an experiment. */
export const KEPT = new URL("networks.jsonl", import.meta.url);

if (import.meta.main) {
  await startEngine({ backend: "cpu" });
  await writeKept(KEPT, BUILT.map((experiment) => ({ name: experiment.name, is: networksOf(experiment) })));
}
