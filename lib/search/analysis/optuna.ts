/**
 * Studies as Optuna's journal storage, both ways: `optuna.storages.JournalStorage(JournalFileBackend(path))` opens what is
 * written here. Source: optuna/storages/journal/_storage.py of 5.0, its operations 0 (study), 4 (trial), 5 (parameter),
 * 6 (end) and 7 (intermediate value). @module
 */
import type { Dimension, Params, ParamValue, Space } from "../space.ts";
import { isValueOf } from "../space.ts";
import type { StudyState } from "../study_state.ts";
import { isEnded, secondsOf, type Trial } from "../trial.ts";
import { imported } from "./csv.ts";

/** Optuna's numbers for states and directions. */
const STATES = { running: 0, complete: 1, pruned: 2, failed: 3, waiting: 4 } as const;
const DIRECTIONS = { minimize: 1, maximize: 2 } as const;

/** Writes the trials that are over. */
export function encodeOptunaJournal({ trials, spec }: StudyState, space: Space): string {
  if (!spec) throw new Error("Cannot export a study that is none");
  const worker = "cloudchamber";
  const directions = spec.directions.map((direction) => DIRECTIONS[direction]);
  const lines: Record<string, unknown>[] = [{
    op_code: 0,
    worker_id: worker,
    study_name: spec.name,
    directions,
  }];
  trials.filter(isEnded).forEach((trial, id) => {
    const started = new Date(trial.attempts[0]?.started || 0);
    const ended = new Date(started.getTime() + secondsOf(trial) * 1000);
    const distributions = Object.fromEntries(
      space.dimensions.filter(({ name }) => Object.hasOwn(trial.params, name))
        .map((dimension) => [dimension.name, JSON.stringify(distributionOf(dimension))]),
    );
    const params = Object.fromEntries(
      space.dimensions.filter(({ name }) => Object.hasOwn(trial.params, name))
        .map((dimension) => [dimension.name, innerValue(dimension, trial.params[dimension.name])]),
    );
    const [first] = trial.values ?? [];
    lines.push({
      op_code: 4,
      worker_id: worker,
      study_id: 0,
      datetime_start: optunaTime(started),
      datetime_complete: optunaTime(ended),
      distributions,
      params,
      user_attrs: { ...trial.metrics },
      system_attrs: {},
      state: STATES[trial.state],
      value: trial.state !== "failed" && trial.values?.length === 1 ? first : null,
      values: trial.state !== "failed" && trial.values && trial.values.length > 1 ? trial.values : null,
      intermediate_values: Object.fromEntries(
        trial.reports.map(({ step, values }) => [step, values[spec.objectives[0]]]).filter(([, v]) =>
          v !== undefined
        ),
      ),
      trial_id: id,
    });
  });
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
}

function distributionOf(dimension: Dimension): { name: string; attributes: Record<string, unknown> } {
  if (dimension.kind === "choice") {
    return { name: "CategoricalDistribution", attributes: { choices: dimension.choices } };
  }
  const { kind, low, high, step, log } = dimension;
  if (kind === "integer") return { name: "IntDistribution", attributes: { log, step, low, high } };
  return { name: "FloatDistribution", attributes: { step: step === 0 ? null : step, low, high, log } };
}

/** Optuna keeps a choice as its place in the list. */
function innerValue(dimension: Dimension, value: ParamValue): number {
  return dimension.kind === "choice" ? dimension.choices.indexOf(value) : value as number;
}

function optunaTime(time: Date): string {
  return time.toISOString().replace("Z", "000");
}

interface Operation {
  op_code: number;
  trial_id?: number;
  distributions?: Record<string, string>;
  params?: Record<string, number>;
  param_name?: string;
  param_value_internal?: number;
  distribution?: string;
  state?: number;
  value?: number | null;
  values?: number[] | null;
  step?: number;
  intermediate_value?: number;
}

/**
 * Reads the complete trials of an Optuna journal as trials of a space; a truncated last line is passed over.
 *
 * @throws {SyntaxError} If another line is no JSON, or a value is none of the space.
 */
export function decodeOptunaJournal(text: string, space: Space): Omit<Trial, "number">[] {
  const trials: { params: Record<string, ParamValue>; state: number; values?: number[] }[] = [];
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    let operation: Operation;
    try {
      operation = JSON.parse(line);
    } catch {
      if (i === lines.length - 1) return;
      throw new SyntaxError(`Cannot read Optuna's journal at line ${i + 1}: it is no JSON`);
    }
    apply(operation, trials);
  });
  return trials.filter(({ state, values }) => state === STATES.complete && values !== undefined)
    .map(({ params, values }) => imported(fittingParams(params, space), values!));
}

function apply(
  operation: Operation,
  trials: { params: Record<string, ParamValue>; state: number; values?: number[] }[],
): void {
  const { op_code: code, trial_id: id = -1 } = operation;
  if (code === 4) {
    const params: Record<string, ParamValue> = {};
    for (const [name, inner] of Object.entries(operation.params ?? {})) {
      params[name] = outerValue(operation.distributions?.[name], inner);
    }
    trials.push({ params, state: operation.state ?? STATES.running, values: valuesIn(operation) });
  } else if (code === 5 && trials[id]) {
    trials[id].params[operation.param_name!] = outerValue(
      operation.distribution,
      operation.param_value_internal!,
    );
  } else if (code === 6 && trials[id]) {
    trials[id].state = operation.state ?? trials[id].state;
    trials[id].values = valuesIn(operation) ?? trials[id].values;
  }
}

function valuesIn({ value, values }: Operation): number[] | undefined {
  return values ?? (typeof value === "number" ? [value] : undefined);
}

/** A value as a user has it, from what Optuna keeps: the place in the list of a categorical parameter. */
export function outerValue(distribution: string | undefined, inner: number): ParamValue {
  const { name, attributes } = JSON.parse(distribution ?? "{}") as {
    name?: string;
    attributes?: { choices?: ParamValue[] };
  };
  return name === "CategoricalDistribution" ? attributes!.choices![inner] : inner;
}

/** Parameters of elsewhere as those of a space. @throws {SyntaxError} If a value is none of it. */
export function fittingParams(params: Record<string, ParamValue>, space: Space): Params {
  for (const [name, value] of Object.entries(params)) {
    const dimension = space.dimensions.find((dimension) => dimension.name === name);
    if (dimension && isValueOf(dimension, value)) continue;
    throw new SyntaxError(
      `Cannot import ${JSON.stringify(value)} of "${name}": it is no value of this space`,
    );
  }
  return params;
}
