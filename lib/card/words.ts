/** How numbers are written for people and for tables. @module */

/** A share as per cent: one decimal, two where it is nearly none or nearly all. */
export function percent(share: number): string {
  const digits = share > 0.9995 || (share < 0.0005 && share > 0) ? 2 : 1;
  return `${(100 * share).toFixed(digits)} %`;
}

/**
 * A value and its uncertainty to the second figure of the uncertainty, as measurements are written.
 *
 * @example
 * ```ts
 * import { measured } from "./words.ts";
 * measured(15.1234, 0.456); // "15.12 ± 0.46"
 * ```
 */
export function measured(value: number, sigma = 0): string {
  if (!(sigma > 0)) return String(Number(value.toPrecision(4)));
  const digits = Math.min(Math.max(1 - Math.floor(Math.log10(sigma)), 0), 20);
  return `${value.toFixed(digits)} ± ${sigma.toFixed(digits)}`;
}

/** As many digits as the model's floats have, for a table. */
export function figures(value: number): number {
  return Number(value.toPrecision(7));
}

/** A name's column in a table, its units in the header where there are any. */
export function column(name: string, units: string): string {
  return units === "" ? name : `${name}_${units.replaceAll(/\W+/g, "_")}`;
}

/** Values as nested lists, the first axis outermost. */
export function nested(values: ArrayLike<number>, shape: readonly number[]): unknown[] {
  const [size, ...rest] = shape;
  if (rest.length === 0) return Array.from(values);
  const step = rest.reduce((product, side) => product * side, 1);
  const all = Array.from(values);
  return Array.from({ length: size }, (_, i) => nested(all.slice(i * step, (i + 1) * step), rest));
}
