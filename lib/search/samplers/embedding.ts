/**
 * Parameters as coordinates that samplers of real numbers can work with: one from 0 to 1 for a number, one a value for an
 * unordered list, whose highest is the one that is meant. @module
 */
import { countOf } from "../combinations.ts";
import { type Dimension, isActive, type Params, type ParamValue, type Space } from "../space.ts";
import { fromUnit, toUnit } from "../unit_cube.ts";

/** Where a parameter's coordinates begin, and how many it has. */
export interface Slot {
  dimension: Dimension;
  at: number;
  size: number;
  /** Whether it is an unordered list. */
  oneHot: boolean;
}

/** The coordinates of a space. */
export function slotsOf({ dimensions }: Space): { slots: Slot[]; size: number } {
  let at = 0;
  const slots = dimensions.map((dimension) => {
    const oneHot = dimension.kind === "choice" && !dimension.ordered && dimension.choices.length > 1;
    const size = oneHot ? countOf(dimension) : 1;
    const slot = { dimension, at, size, oneHot };
    at += size;
    return slot;
  });
  return { slots, size: at };
}

/** The parameters that coordinates mean. */
export function decodePoint(slots: readonly Slot[], point: ArrayLike<number>): Params {
  const params: Record<string, ParamValue> = {};
  for (const { dimension, at, size, oneHot } of slots) {
    if (!isActive(dimension, params)) continue;
    if (!oneHot) {
      params[dimension.name] = fromUnit(dimension, point[at]);
      continue;
    }
    let highest = 0;
    for (let i = 1; i < size; i++) if (point[at + i] > point[at + highest]) highest = i;
    params[dimension.name] = (dimension as { choices: readonly ParamValue[] }).choices[highest];
  }
  return params;
}

/** The coordinates of parameters; `absent` for those that are not there. */
export function encodePoint(
  slots: readonly Slot[],
  size: number,
  params: Params,
  absent = 0.5,
): Float64Array {
  const point = new Float64Array(size).fill(absent);
  for (const { dimension, at, size, oneHot } of slots) {
    if (!Object.hasOwn(params, dimension.name)) continue;
    const value = params[dimension.name];
    if (!oneHot) {
      point[at] = toUnit(dimension, value);
      continue;
    }
    const place = (dimension as { choices: readonly ParamValue[] }).choices.indexOf(value);
    for (let i = 0; i < size; i++) point[at + i] = i === place ? 1 : 0;
  }
  return point;
}
