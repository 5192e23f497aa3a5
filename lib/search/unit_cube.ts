/** Parameters as points of a cube from 0 to 1, and back: what most samplers think in. @module */
import { countOf, steppedValue } from "./combinations.ts";
import {
  type Dimension,
  isActive,
  type Params,
  type ParamValue,
  type RangeDimension,
  type Space,
} from "./space.ts";

/**
 * A value's place between 0 and 1.
 *
 * A value of a list or of a range with steps has a cell of its own, and stands in its middle; on a logarithmic scale the
 * cells are as wide as the logarithm makes them.
 */
export function toUnit(dimension: Dimension, value: ParamValue): number {
  if (dimension.kind === "choice") {
    return (dimension.choices.indexOf(value) + 0.5) / dimension.choices.length;
  }
  const [from, to] = edges(dimension);
  const x = value as number;
  if (dimension.log) return Math.log(x / from) / Math.log(to / from);
  return (x - from) / (to - from);
}

/** The value at a place between 0 and 1, rounded to the nearest that a parameter can have. */
export function fromUnit(dimension: Dimension, unit: number): ParamValue {
  const u = Math.min(1, Math.max(0, unit));
  if (dimension.kind === "choice") {
    const { choices } = dimension;
    return choices[Math.min(choices.length - 1, Math.floor(u * choices.length))];
  }
  const { low, high, step, log } = dimension;
  const [from, to] = edges(dimension);
  const x = log ? from * (to / from) ** u : from + u * (to - from);
  if (step === 0) return Math.min(high, Math.max(low, x));
  const last = countOf(dimension) - 1;
  const cell = Math.min(last, Math.max(0, Math.round((x - low) / step)));
  return steppedValue(low, step, cell);
}

/** Half a step beyond both ends, so that the first and the last value have cells as wide as the others. */
function edges({ low, high, step, log }: RangeDimension): [number, number] {
  if (step === 0) return [low, high];
  const last = low + Math.floor((high - low) / step + 1e-9) * step;
  const first = low - step / 2;
  return [log ? Math.max(first, low / 2) : first, last + step / 2]; // a logarithm needs more than 0
}

/** The parameters at a point: one coordinate a dimension of the space, those of parameters that are not there unused. */
export function paramsAt(space: Space, point: ArrayLike<number>): Params {
  const params: Record<string, ParamValue> = {};
  space.dimensions.forEach((dimension, i) => {
    if (isActive(dimension, params)) params[dimension.name] = fromUnit(dimension, point[i]);
  });
  return params;
}

/** The point of some parameters; 0.5 for those that are not there. */
export function pointOf(space: Space, params: Params): Float64Array {
  return Float64Array.from(
    space.dimensions,
    (dimension) => Object.hasOwn(params, dimension.name) ? toUnit(dimension, params[dimension.name]) : 0.5,
  );
}
