/** Trainings of benches that take hours: each goes on where it was stopped. @module */
import { join } from "@std/path";
import type { CardMetric } from "../../lib/card/mod.ts";
import { mixedPrecisionRefusal } from "../../lib/engine/mod.ts";
import { meanOf } from "../../lib/evaluate/mod.ts";
import type { Data, Experiment, Options, OptionTable } from "../../lib/run/experiment.ts";
import {
  trainAndMeasure,
  type TrainAndMeasureOptions,
  type TrainedModel,
} from "../../lib/run/train_and_measure.ts";
import type { BenchContext } from "./_bench.ts";
import { keptFolder, measureOnce } from "./_kept_figures.ts";

/** File of a training's checkpoint, or of what else belongs to it, in the kept folder or else in the bench's own. */
export async function runFile({ keep, folder, isShort }: BenchContext, name: string): Promise<string> {
  const file = join(keep ?? folder, "runs", isShort ? "short" : "", name);
  await Deno.mkdir(join(file, ".."), { recursive: true });
  return file;
}

/** What a training is. */
export interface Training<T extends OptionTable, D extends Data> {
  /** By which its files are called. */
  name: string;
  experiment: Experiment<T, D>;
  options: Options<T>;
  /** Float32 all the same where the processor cannot do it. @default {"float32"} */
  precision?: TrainAndMeasureOptions["precision"];
  prepareModels?: TrainAndMeasureOptions["prepareModels"];
}

/** A trained model with its numbers; one that was trained before is read. */
export async function trained<T extends OptionTable, D extends Data>(
  context: BenchContext,
  { name, experiment, options, precision, prepareModels }: Training<T, D>,
): Promise<TrainedModel> {
  context.say(name);
  const checkpoint = await runFile(context, `${name}.checkpoint`);
  const load = { dataFolder: keptFolder(context), log: context.say, signal: context.signal };
  const own = precision === "mixed" && mixedPrecisionRefusal() !== undefined ? "float32" : precision;
  return await trainAndMeasure(experiment, options, load, { checkpoint, precision: own, prepareModels });
}

/** The numbers of a training, kept. */
export async function measured<T extends OptionTable, D extends Data>(
  context: BenchContext,
  training: Training<T, D>,
): Promise<Record<string, CardMetric>> {
  const { name, options, precision } = training, settings = { ...options, ...(precision && { precision }) };
  return await measureOnce(context, name, settings, async () => {
    const { model, metrics } = await trained(context, training);
    model.dispose();
    return metrics;
  });
}

/** The mean of numbers over seeds; their intervals' ends are averaged, which is too wide if anything. */
export function meanOverSeeds(all: readonly CardMetric[]): Pick<CardMetric, "value" | "low" | "high"> {
  const mean = (of: "value" | "low" | "high") => meanOf(all.map((one) => one[of]));
  return { value: mean("value"), low: mean("low"), high: mean("high") };
}
