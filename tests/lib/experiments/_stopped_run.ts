/** Runs that are stopped after an epoch and resumed, with what they say. @module */
import { join } from "@std/path";
import type { Data, Experiment, OptionTable } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { runExperiment, type RunResult } from "../../../lib/run/run.ts";

/** Options for {@linkcode runIn}. */
export interface StoppedRunOptions {
  /** Epoch after which it is stopped. @default {never} */
  stopAfter?: number;
  /** Whether a stopped run goes on. @default {false} */
  resume?: boolean;
}

/** Trains into a folder of this name within `parent`, where sets are simulated too. */
export async function runIn<T extends OptionTable, D extends Data>(
  parent: string,
  name: string,
  experiment: Experiment<T, D>,
  given: Record<string, unknown>,
  { stopAfter, resume = false }: StoppedRunOptions = {},
): Promise<RunResult & { lines: string[] }> {
  const controller = new AbortController(), lines: string[] = [];
  const result = await runExperiment(experiment, {
    folder: join(parent, name),
    options: optionsFor(experiment, given),
    dataFolder: parent,
    shards: 1,
    resume,
    signal: controller.signal,
    log: (line) => lines.push(line),
    onEpoch: ({ epoch }) => {
      if (epoch === stopAfter) controller.abort();
    },
  });
  return { ...result, lines };
}
