/** Tables of options: what a task reads from the command line, an experiment offers and a search draws from. @module */

/** One option; the key in its table is its name in camelCase, `--kebab-case` on the command line. */
export type OptionSpec =
  & {
    /** One line for `--help`. */
    help: string;
    /** Refused when absent; such an option has no default. */
    required?: boolean;
    /** What `--help` writes for the value, such as `FOLDER`. */
    hint?: string;
    /** Whether what is minimised depends on it, so that losses under two of its values do not compare. @default {false} */
    changesLoss?: boolean;
  }
  & (
    | { type: "string"; default?: string }
    | NumberSpec
    | {
      type: "boolean";
      default?: boolean; /** What a search tries; not searched where absent. */
      range?: readonly boolean[];
    }
    | {
      type: "choice";
      choices: readonly string[];
      default?: string;
      /** What a search tries; not searched where absent. */
      range?: readonly string[];
    }
    /** `--x a,b` or `--x a --x b`. */
    | { type: "list"; default?: readonly string[]; choices?: readonly string[] }
  );

/** A number, whole or not. */
export interface NumberSpec {
  type: "number" | "integer";
  default?: number;
  min?: number;
  max?: number;
  /** Where a search draws from, both ends included; not searched where absent. */
  range?: readonly [low: number, high: number];
  /** Whether a search draws its logarithm evenly. @default {false} */
  log?: boolean;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type Parsed<S extends OptionSpec> = S extends { type: "choice"; choices: readonly (infer C)[] } ? C
  : S extends { type: "list" } ? string[]
  : S extends { type: "boolean" } ? boolean
  : S extends { type: "number" | "integer" } ? number
  : string;

/** The values that a table describes: undefined only where there is no default. */
export type OptionValues<T extends OptionTable> = {
  -readonly [K in keyof T]: T[K] extends { type: "boolean" | "list" } | { required: true } ? Parsed<T[K]>
    : T[K] extends { default: string | number } ? Parsed<T[K]>
    : Parsed<T[K]> | undefined;
};
