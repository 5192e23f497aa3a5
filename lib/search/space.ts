/**
 * What a search may try: parameters with lists or ranges, some of them only under conditions, and constraints between them.
 *
 * As JSON, in ten lines:
 * ```json
 * {
 *   "rate": { "low": 1e-4, "high": 1e-2, "log": true },
 *   "batch": { "low": 16, "high": 128, "step": 16 },
 *   "dropout": { "low": 0.0, "high": 0.5 },
 *   "activation": ["relu", "elu"],
 *   "optimizer": ["adam", "sgd"],
 *   "momentum": { "low": 0.5, "high": 0.99, "when": { "optimizer": "sgd" } },
 *   "constraints": ["rate * batch <= 0.5"]
 * }
 * ```
 * A range of whole numbers is one whose ends (and step) are whole and that does not say `"float": true` (a JSON file cannot
 * tell 1.0 from 1). `{ "talos": [min, max, steps] }` is Talos's `(min, max, steps)`: `steps` values, `max` left out. @module
 */
import { nearest } from "../base/nearest.ts";
import type { OptionSpec, OptionTable } from "../base/options.ts";
import { checkNames, type Expression, parseExpression } from "./expression.ts";

/** A value of a parameter. */
export type ParamValue = string | number | boolean;

/** The parameters of a trial; those whose condition does not hold are absent. */
export type Params = Readonly<Record<string, ParamValue>>;

/** Under which values of other parameters a parameter is there. */
export type Condition = Readonly<Record<string, readonly ParamValue[]>>;

/** One parameter. */
export type Dimension = ChoiceDimension | RangeDimension;

/** One of several values. */
export interface ChoiceDimension {
  kind: "choice";
  name: string;
  choices: readonly ParamValue[];
  /** Whether they are numbers that rise, so that neighbours are alike. */
  ordered: boolean;
  when?: Condition;
}

/** A number of a range, both ends included. */
export interface RangeDimension {
  kind: "integer" | "float";
  name: string;
  low: number;
  high: number;
  /** From one value to the next, beginning at `low`; 0 where all are allowed. */
  step: number;
  log: boolean;
  when?: Condition;
}

/** A condition on the whole of the parameters. */
export interface Constraint {
  text: string;
  holds(params: Params): boolean;
}

/** Everything that may be tried. */
export interface Space {
  /** In an order in which every parameter comes after those that its condition names. */
  readonly dimensions: readonly Dimension[];
  readonly constraints: readonly Constraint[];
  /** As JSON, for the study's folder. */
  readonly spec: SpaceSpec;
}

/** A parameter as a space file has it. */
export type DimensionSpec =
  | readonly ParamValue[]
  | { choices: readonly ParamValue[]; when?: ConditionSpec }
  | { talos: readonly [min: number, max: number, steps: number]; when?: ConditionSpec }
  | { low: number; high: number; step?: number; log?: boolean; float?: boolean; when?: ConditionSpec };

/** A condition as a space file has it. */
export type ConditionSpec = Readonly<Record<string, ParamValue | readonly ParamValue[]>>;

/** A space as a file has it: parameters by name, and `constraints`. */
export type SpaceSpec = Readonly<
  Record<string, DimensionSpec | readonly (string | ((params: Params) => boolean))[]>
>;

/**
 * Reads a space.
 *
 * @param spec Parameters by name; under `constraints` conditions as text or, in TypeScript, as functions.
 * @throws {SyntaxError} If a parameter is neither list nor range, a range is empty, a condition names what is not there or
 * goes in a circle; named are the parameter and what was found.
 * @example
 * ```ts
 * const space = defineSpace({ rate: { low: 1e-4, high: 1e-2, log: true }, units: [32, 64, 96] });
 * space.dimensions.map(({ name, kind }) => `${name} ${kind}`); // ["rate float", "units choice"]
 * ```
 */
export function defineSpace(spec: SpaceSpec): Space {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new SyntaxError(`Cannot read a space as it must be an object of parameters: got ${show(spec)}`);
  }
  const { constraints: stated = [], ...parameters } = spec;
  const names = Object.keys(parameters);
  if (names.length === 0) throw new SyntaxError("Cannot search an empty space: it has no parameters");
  const dimensions = names.map((name) => readDimension(name, parameters[name]));
  for (const dimension of dimensions) checkCondition(dimension, dimensions);
  if (!Array.isArray(stated)) {
    throw new SyntaxError(`Cannot read a space as "constraints" must be a list: got ${show(stated)}`);
  }
  return {
    dimensions: sortByCondition(dimensions),
    constraints: stated.map((constraint) => readConstraint(constraint, names)),
    spec,
  };
}

/**
 * The space of an experiment's options: those that say a `range`.
 *
 * @param table The options.
 * @param only Names of those to search; all that say a range where absent. One that is a choice, or true or false, may be named without saying
 * a range: all its values are tried.
 * @throws {RangeError} If none says a range, or one of `only` is a number that says none.
 */
export function spaceFromOptions(table: OptionTable, only?: readonly string[]): Space {
  const valuesOf = only === undefined ? rangeOf : namedRangeOf;
  const searchable = Object.keys(table).filter((name) => valuesOf(table[name]) !== undefined);
  for (const name of only ?? []) {
    if (searchable.includes(name)) continue;
    const near = nearest(name, searchable);
    throw new RangeError(
      `Cannot search option "${name}" as it says no range${near ? ` (nearest that does: "${near}")` : ""}`,
    );
  }
  const names = only ?? searchable;
  if (names.length === 0) throw new RangeError("Cannot make a space of these options as none says a range");
  return defineSpace(Object.fromEntries(names.map((name) => [name, valuesOf(table[name])!])));
}

/** What is tried of an option that is named: its range, or all of the values that it may have. */
function namedRangeOf(spec: OptionSpec): DimensionSpec | undefined {
  if (spec.type === "choice") return spec.range ?? spec.choices;
  if (spec.type === "boolean") return spec.range ?? [false, true];
  return rangeOf(spec);
}

function rangeOf(spec: OptionSpec): DimensionSpec | undefined {
  if (!("range" in spec) || spec.range === undefined) return undefined;
  if (spec.type === "number" || spec.type === "integer") {
    const [low, high] = spec.range;
    return { low, high, log: spec.log ?? false, float: spec.type === "number" };
  }
  return spec.range;
}

function readDimension(name: string, spec: unknown): Dimension {
  const refuse = (why: string) => new SyntaxError(`Cannot read parameter "${name}" of a space: ${why}`);
  if (Array.isArray(spec)) return readChoices(name, spec, undefined, refuse);
  if (typeof spec !== "object" || spec === null) {
    throw refuse(`expected a list or a range, found ${show(spec)}`);
  }
  const { when: condition, ...rest } = spec as Record<string, unknown>;
  const when = condition === undefined ? undefined : readCondition(condition, refuse);
  const known = "choices" in rest
    ? ["choices"]
    : "talos" in rest
    ? ["talos"]
    : ["low", "high", "step", "log", "float"];
  for (const key of Object.keys(rest)) {
    if (known.includes(key)) continue;
    const near = nearest(key, [...known, "when"]);
    throw refuse(`unknown field "${key}"${near ? ` (nearest: "${near}")` : ""}`);
  }
  if ("choices" in rest) {
    if (!Array.isArray(rest.choices)) throw refuse(`"choices" must be a list, found ${show(rest.choices)}`);
    return readChoices(name, rest.choices, when, refuse);
  }
  if ("talos" in rest) return readChoices(name, talosValues(rest.talos, refuse), when, refuse);
  return readRange(name, rest, when, refuse);
}

type Refuse = (why: string) => SyntaxError;

function readChoices(name: string, list: unknown[], when: Condition | undefined, refuse: Refuse): Dimension {
  if (list.length === 0) throw refuse("the list is empty");
  for (const value of list) {
    const fits = typeof value === "string" || typeof value === "boolean" ||
      (typeof value === "number" && Number.isFinite(value));
    if (!fits) throw refuse(`a value must be a text, a finite number, true or false, found ${show(value)}`);
  }
  if (new Set(list).size < list.length) throw refuse(`a value stands twice in ${show(list)}`);
  const ordered = list.length > 2 &&
    list.every((value, i) => typeof value === "number" && (i === 0 || value > (list[i - 1] as number)));
  return { kind: "choice", name, choices: list as ParamValue[], ordered, when };
}

/** Talos's `numpy.arange(min, max, (max - min) / steps)`, whole and each once where both ends are whole. */
function talosValues(spec: unknown, refuse: Refuse): number[] {
  const isTriple = Array.isArray(spec) && spec.length === 3 && spec.every(Number.isFinite);
  if (!isTriple || !(spec[1] > spec[0]) || !(spec[2] >= 1)) {
    throw refuse(`"talos" must be [min, max, steps] with max above min, found ${show(spec)}`);
  }
  const [min, max, steps] = spec as number[];
  const width = (max - min) / steps;
  const values = Array.from({ length: Math.ceil((max - min) / width - 1e-9) }, (_, i) => min + i * width);
  if (!Number.isInteger(min) || !Number.isInteger(max)) return values;
  return [...new Set(values.map(Math.trunc))].sort((a, b) => a - b);
}

function readRange(
  name: string,
  spec: Record<string, unknown>,
  when: Condition | undefined,
  refuse: Refuse,
): RangeDimension {
  const { low, high, step, log = false, float } = spec;
  for (const [key, value] of Object.entries({ low, high, ...(step === undefined ? {} : { step }) })) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw refuse(`"${key}" must be a finite number, found ${show(value)}`);
    }
  }
  for (const [key, value] of Object.entries({ log, ...(float === undefined ? {} : { float }) })) {
    if (typeof value !== "boolean") throw refuse(`"${key}" must be true or false, found ${show(value)}`);
  }
  const [from, to] = [low as number, high as number];
  if (!(from < to)) throw refuse(`"low" must be below "high", found ${from} and ${to}`);
  if (log && from <= 0) throw refuse(`"low" must be above 0 on a logarithmic scale, found ${from}`);
  if (step !== undefined && !((step as number) > 0)) throw refuse(`"step" must be above 0, found ${step}`);
  const whole = [from, to, ...(step === undefined ? [] : [step as number])].every(Number.isInteger);
  const kind = whole && float !== true ? "integer" : "float";
  if (kind === "integer") {
    return { kind, name, low: from, high: to, step: (step as number) ?? 1, log: log as boolean, when };
  }
  return { kind, name, low: from, high: to, step: (step as number) ?? 0, log: log as boolean, when };
}

function readCondition(spec: unknown, refuse: Refuse): Condition {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw refuse(`"when" must be an object of other parameters' values, found ${show(spec)}`);
  }
  const entries = Object.entries(spec).map(([parent, values]) =>
    [parent, Array.isArray(values) ? values : [values]] as const
  );
  return Object.fromEntries(entries);
}

/** @throws {SyntaxError} If a condition names a parameter that is not there, or a value that it never has. */
function checkCondition({ name, when = {} }: Dimension, dimensions: readonly Dimension[]): void {
  for (const [parent, values] of Object.entries(when)) {
    const found = dimensions.find((dimension) => dimension.name === parent);
    if (!found) {
      const near = nearest(parent, dimensions.map((dimension) => dimension.name));
      throw new SyntaxError(
        `Cannot read parameter "${name}" of a space: its condition names "${parent}", which is not there${
          near ? ` (nearest: "${near}")` : ""
        }`,
      );
    }
    const never = values.find((value) => !isValueOf(found, value));
    if (never !== undefined) {
      throw new SyntaxError(
        `Cannot read parameter "${name}" of a space: its condition wants ${
          show(never)
        } of "${parent}", which it never is`,
      );
    }
  }
}

/** Parents first, else as written. @throws {SyntaxError} If conditions go in a circle. */
function sortByCondition(dimensions: readonly Dimension[]): Dimension[] {
  const sorted: Dimension[] = [];
  const placed = new Set<string>();
  while (sorted.length < dimensions.length) {
    const ready = dimensions.filter(({ name, when = {} }) =>
      !placed.has(name) && Object.keys(when).every((parent) => placed.has(parent))
    );
    if (ready.length === 0) {
      const left = dimensions.filter(({ name }) => !placed.has(name)).map(({ name }) => `"${name}"`);
      throw new SyntaxError(`Cannot read a space as these conditions go in a circle: ${left.join(", ")}`);
    }
    sorted.push(ready[0]);
    placed.add(ready[0].name);
  }
  return sorted;
}

function readConstraint(constraint: unknown, names: readonly string[]): Constraint {
  if (typeof constraint === "function") {
    return { text: String(constraint), holds: (params) => Boolean(constraint(params)) };
  }
  if (typeof constraint !== "string") {
    throw new SyntaxError(`Cannot read a constraint as it must be a text: got ${show(constraint)}`);
  }
  const expression: Expression = parseExpression(constraint);
  checkNames(expression, names);
  // A constraint on a parameter that is not there does not bind.
  return { text: constraint, holds: (params) => (expression.evaluate(params) ?? true) !== false };
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Whether a parameter is there, given the others. */
export function isActive({ when }: Dimension, params: Params): boolean {
  if (when === undefined) return true;
  for (const parent in when) {
    if (!Object.hasOwn(params, parent) || !when[parent].includes(params[parent])) return false;
  }
  return true;
}

/** Whether all constraints of a space hold. */
export function isAllowed(space: Space, params: Params): boolean {
  return space.constraints.every(({ holds }) => holds(params));
}

/** Whether a parameter can have a value. */
export function isValueOf(dimension: Dimension, value: unknown): boolean {
  if (dimension.kind === "choice") return dimension.choices.includes(value as ParamValue);
  if (typeof value !== "number") return false;
  const { low, high, step } = dimension;
  if (!(value >= low && value <= high)) return false;
  if (step === 0) return true;
  const steps = (value - low) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

/**
 * Checks the parameters of a trial against a space.
 *
 * @throws {RangeError} Naming a parameter that is missing, unknown or out of its range, or a constraint that does not hold.
 */
export function checkParams(space: Space, params: Params): void {
  const names = space.dimensions.map(({ name }) => name);
  for (const name of Object.keys(params)) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    throw new RangeError(
      `Cannot try parameter "${name}": no such parameter${near ? ` (nearest: "${near}")` : ""}`,
    );
  }
  for (const dimension of space.dimensions) {
    const { name } = dimension, there = Object.hasOwn(params, name), active = isActive(dimension, params);
    if (there && active && isValueOf(dimension, params[name])) continue;
    if (!there && !active) continue;
    const why = !active
      ? "its condition does not hold"
      : there
      ? `got ${show(params[name])}`
      : "it is missing";
    throw new RangeError(`Cannot try parameter "${name}" as a value of this space: ${why}`);
  }
  const broken = space.constraints.find(({ holds }) => !holds(params));
  if (broken) {
    throw new RangeError(`Cannot try ${show(params)} as a constraint does not hold: ${broken.text}`);
  }
}
