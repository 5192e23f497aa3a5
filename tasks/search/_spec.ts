/** What a study is, as the options of `deno task search` say it. @module */
import { resolve } from "@std/path";
import type { Experiment, Options } from "../../lib/run/experiment.ts";
import { checkComparable, checkJudged, checkSpaceOf, searchedByDefault } from "../../lib/run/search_trial.ts";
import type { Named } from "../../lib/search/named_options.ts";
import { createPruner } from "../../lib/search/pruners/registry.ts";
import { createSampler } from "../../lib/search/samplers/registry.ts";
import { checkNotEmpty } from "../../lib/search/search.ts";
import { type Space, spaceFromOptions, type SpaceSpec } from "../../lib/search/space.ts";
import type { Direction, StudySpec } from "../../lib/search/study_state.ts";
import { CliError, flagName, type OptionTable } from "../_cli.ts";
import { readSpace, settingsOf, type TrialSettings } from "./_objective.ts";
import type { Own, Values } from "./_options.ts";
import { directionOf } from "./_summary.ts";

/** What was asked for on the command line. */
export interface Request {
  /** None where trials run a program. */
  experiment?: Experiment;
  /** What stands first, where anything does. */
  named?: string;
  /** The search's own options. */
  options: Values;
  /** Those and the experiment's, by their flags. */
  all: Readonly<Record<string, unknown>>;
  own: Own;
  /** Flags that were given. */
  given: ReadonlySet<string>;
}

/** Reads what a new study is to be. @throws {CliError} If an option contradicts another, or the space. */
export async function studyFrom(request: Request): Promise<{ space: Space; spec: StudySpec }> {
  const { experiment, options, own, given } = request;
  const { space, module } = await spaceOf(experiment, options);
  const searched = space.dimensions.map(({ name }) => name);
  if (experiment) {
    checkSpaceOf(experiment, searched);
    const varied = space.dimensions.filter((dimension) =>
      dimension.kind === "choice" ? dimension.choices.length > 1 : dimension.high > dimension.low
    );
    checkComparable(experiment, varied.map(({ name }) => name), options.metric);
  }
  const both = Object.keys(own).find((flag) => searched.includes(own[flag]) && given.has(flag));
  if (both !== undefined) {
    throw new CliError(
      `Option --${flagName(both)} is searched over: leave it out, or take it out of the space`,
    );
  }
  checkNotEmpty(space);
  const settings = settingsFrom(request, module);
  if (experiment && !searched.includes("validation")) {
    checkJudged(experiment.name, settings.options!, options.folds);
  }
  return { space, spec: specFrom(space.spec, settings, options) };
}

/**
 * Checks that what is asked for is what a study is, as that cannot be changed any more.
 *
 * @throws {CliError} Naming the first option that says something else.
 */
export async function checkSame(study: StudySpec, request: Request): Promise<void> {
  const { experiment, named, options, own, given } = request;
  if (named !== undefined && named !== study.name) {
    throw new CliError(`Cannot go on with "${named}": the study is of "${study.name}"; give another --out`);
  }
  const isOther = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const refuse = (flag: string, is: unknown) =>
    new CliError(
      `Cannot go on with another --${flagName(flag)}: the study has ${
        JSON.stringify(is)
      }; give another --out`,
    );
  if (given.has("space") || given.has("vary")) {
    const { space } = await spaceOf(experiment, options);
    if (isOther(space.spec, study.space)) throw refuse(given.has("space") ? "space" : "vary", study.space);
  }
  const [is, asked] = [study, specFrom(study.space, settingsFrom(request), options)].map(statedBy);
  for (const flag of given) {
    const name = own[flag] ?? flag;
    if (name in asked && isOther(asked[name], is[name])) throw refuse(flag, is[name]);
  }
}

/** What a study's first line says, by the option that says it. */
function statedBy(spec: StudySpec): Record<string, unknown> {
  const { objectives: metric, directions: direction, sampler, pruner, seed: searchSeed, retries } = spec;
  const { trialTimeoutMs: trialTimeout, options, ...settings } = settingsOf(spec);
  return { ...options, ...settings, metric, direction, sampler, pruner, searchSeed, retries, trialTimeout };
}

/** How many trials are asked for. @throws {CliError} If it is said twice. */
export function wantedTrials({ trials, rounds, fraction }: Values): number | undefined {
  if ([trials, rounds, fraction].filter((wanted) => wanted !== undefined).length > 1) {
    throw new CliError("Options --trials, --rounds and --fraction say the same thing: give one of them");
  }
  return trials ?? rounds;
}

/** The space of a file, or of an experiment's own options. */
export async function spaceOf(
  experiment: Experiment | undefined,
  options: Values,
): Promise<{ space: Space; module?: string }> {
  if (options.space !== undefined) return await readSpace(options.space);
  if (!experiment) throw new CliError("A search over a program needs --space FILE");
  const { epochs, batch } = experiment.defaults;
  const table: OptionTable = {
    epochs: { type: "integer", range: [Math.max(1, epochs >> 2), epochs * 2], log: true, help: "" },
    batch: { type: "integer", range: [Math.max(1, batch >> 2), batch * 4], log: true, help: "" },
    ...experiment.options,
  };
  const vary = options.vary.length > 0 ? options.vary : searchedByDefault(experiment.options, options.metric);
  if (vary.length === 0) {
    throw new CliError(
      `No option of "${experiment.name}" says a range: give --space FILE or --vary epochs,batch`,
    );
  }
  return { space: spaceFromOptions(table, vary) };
}

function settingsFrom(
  { experiment, options, all, own, given }: Request,
  spaceModule?: string,
): TrialSettings {
  const { folds, seeds, trialTimeout, target, backend } = options;
  const common: TrialSettings = {
    folds,
    seeds,
    target,
    trialTimeoutMs: trialTimeout === undefined ? undefined : trialTimeout * 1000,
    spaceModule,
  };
  if (!experiment) return { ...common, command: splitWords(options.command ?? "") };
  const picked = Object.fromEntries(Object.entries(own).map(([flag, name]) => [name, all[flag]])) as Options;
  const stated = new Set([...given].filter((flag) => flag in own).map((flag) => own[flag]));
  const fixed = experiment.resolveOptions?.(picked, stated) ?? picked;
  const dataFolder = resolve(options.dataFolder);
  return { ...common, experiment: experiment.name, options: fixed, dataFolder, backend };
}

/** A command line as words; quotes hold a word together. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

function specFrom(space: SpaceSpec, settings: TrialSettings, options: Values): StudySpec {
  const { metric: objectives, direction, searchSeed: seed, retries } = options;
  if (direction.length > 0 && direction.length !== objectives.length) {
    throw new CliError(
      `Option --direction needs a way for each of ${objectives.length} metrics: got ${direction.length}`,
    );
  }
  const directions = objectives.map((name, i) => direction[i] as Direction ?? directionOf(name));
  const [sampler, pruner] = [parseNamed(options.sampler), parseNamed(options.pruner)];
  try {
    createSampler(sampler);
    createPruner(pruner);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  const name = settings.experiment ?? "command";
  return {
    name,
    space,
    directions,
    objectives,
    sampler,
    pruner,
    seed,
    retries,
    settings: { ...settings },
  };
}

/** `tpe:startup=20,candidates=48`. */
function parseNamed(text: string): Named {
  const [name, rest = ""] = text.split(":");
  const options = rest.split(",").filter((part) => part !== "").map((part) => {
    const [key, value] = part.split("=");
    if (value === undefined || !Number.isFinite(Number(value))) {
      throw new CliError(`Cannot read "${text}": expected NAME:option=number, found "${part}"`);
    }
    return [key, Number(value)];
  });
  return { ...Object.fromEntries(options), name };
}
