/** What a study's trials do, from what its folder says: train an experiment, or run a program. @module */
import { resolve } from "@std/path";
import { pathToFileURL } from "node:url";
import { startEngine } from "../../lib/engine/mod.ts";
import { EXPERIMENTS } from "../../lib/experiments/registry.ts";
import type { Options } from "../../lib/run/experiment.ts";
import { experimentObjective } from "../../lib/run/search_trial.ts";
import { commandObjective } from "../../lib/search/command.ts";
import type { Objective } from "../../lib/search/objective.ts";
import { defineSpace, type Space, type SpaceSpec } from "../../lib/search/space.ts";
import type { StudySpec } from "../../lib/search/study_state.ts";
import { CliError } from "../_cli.ts";
import { openBucket } from "../_stores.ts";

/** What `settings` of a study's first line hold. */
export interface TrialSettings {
  /** The experiment's name, or none for a program. */
  experiment?: string;
  /** Values of the experiment's options that no trial changes. */
  options?: Options;
  /** The program of a trial and its arguments. */
  command?: string[];
  /** A space file in TypeScript, whose constraints are functions. */
  spaceModule?: string;
  folds?: number;
  seeds?: number;
  trialTimeoutMs?: number;
  target?: number;
  dataFolder?: string;
  backend?: string;
}

/** The settings of a study. */
export function settingsOf({ settings }: StudySpec): TrialSettings {
  return (settings ?? {}) as TrialSettings;
}

/** Makes a study's objective; starts the engine where it is needed, with all processors unless told. */
export async function createObjective(
  spec: StudySpec,
  log: (line: string) => void,
  threads?: number,
): Promise<{ objective: Objective; close(): void }> {
  const settings = settingsOf(spec);
  const { command, experiment, options } = settings;
  if (command) return { objective: commandObjective(command), close: () => {} };
  const found = EXPERIMENTS.find(({ name }) => name === experiment);
  if (!found || !options) throw new CliError(`Cannot run this study: no experiment is named "${experiment}"`);
  await startEngine({ backend: settings.backend as "auto", threads, log });
  const made = experimentObjective(found, {
    options,
    metrics: spec.objectives,
    folds: settings.folds,
    dataFolder: settings.dataFolder,
    openBucket,
  });
  return { objective: made.objective, close: () => made[Symbol.dispose]() };
}

/** Reads a space file: JSON, or a TypeScript module whose default is a space. @throws {CliError} If it is none. */
export async function readSpace(file: string): Promise<{ space: Space; module?: string }> {
  const isModule = /\.[mc]?[jt]s$/.test(file);
  try {
    if (!isModule) return { space: defineSpace(JSON.parse(await Deno.readTextFile(file)) as SpaceSpec) };
    const module = pathToFileURL(resolve(file)).href;
    return { space: await importSpace(module), module };
  } catch (error) {
    if (error instanceof Error && !(error instanceof Deno.errors.NotFound)) {
      throw new CliError(`Cannot use the space in "${file}": ${error.message}`);
    }
    throw error;
  }
}

/** Imports a space module by its address. */
export async function importSpace(module: string): Promise<Space> {
  const { pathname } = new URL(module);
  const { default: found } = await import(`file://${pathname}`) as { default: Space | SpaceSpec };
  return "dimensions" in found && "spec" in found ? found as Space : defineSpace(found as SpaceSpec);
}
