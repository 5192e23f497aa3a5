/**
 * From a list of steps to the stages that are carried out: motions in a row, and the crop after them, become one
 * resampling. Both paths follow the same plan.
 * @module
 */
import type { Law } from "./laws.ts";
import type { Window } from "./motion.ts";
import type { CropKind, MixKind, MotionKind, PixelKind, Resampling, Site, WarpKind } from "./step.ts";
import { KINDS, type ParsedStep } from "./steps.ts";

/** A motion of a row, with its place in the list of steps. */
export interface Moving {
  index: number;
  step: ParsedStep;
  kind: MotionKind<ParsedStep>;
}

/** One thing to do, and to what. */
export type Stage =
  & { site: Site }
  & (
    | {
      kind: "move";
      members: Moving[];
      /** Pixels go to pixels: nothing blends. */
      onGrid: boolean;
      /** Only flips: pixels change places within the image. */
      flipsOnly: boolean;
      resampling: Resampling;
      window: Window;
    }
    | { kind: "pixels"; index: number; step: ParsedStep; does: PixelKind<ParsedStep> }
    | { kind: "warp"; index: number; step: ParsedStep; does: WarpKind<ParsedStep>; resampling: Resampling }
    | { kind: "mix"; index: number; step: ParsedStep; does: MixKind<ParsedStep> }
  );

/** The middle of an image of these sides. */
function middleWindow(
  [height, width]: readonly [number, number],
  [rows, columns]: readonly [number, number],
): Window {
  if (rows > height || columns > width) {
    throw new RangeError(
      `Cannot crop ${rows} × ${columns} pixels as they must lie inside the image: the image is ${height} × ${width}`,
    );
  }
  return {
    top: Math.floor((height - rows) / 2),
    left: Math.floor((width - columns) / 2),
    height: rows,
    width: columns,
  };
}

/** The site after a crop. */
function cropped(site: Site, { height, width }: Window): Site {
  const arrays = Object.entries(site.arrays).map(([name, { role, shape }]) => {
    if (role !== "image" && role !== "mask") return [name, { role, shape }] as const;
    const from = rowAxis(role, shape);
    return [name, {
      role,
      shape: [...shape.slice(0, from), height, width, ...shape.slice(from + 2)],
    }] as const;
  });
  return { ...site, height, width, arrays: Object.fromEntries(arrays) };
}

/** Where the axis of the rows stands in an example's shape; the columns' is the next. */
function rowAxis(role: "image" | "mask", shape: readonly number[]): number {
  return role === "mask" && shape.length === 2 ? 0 : shape.length - 3;
}

/**
 * The site of arrays of given roles and shapes.
 *
 * @throws {TypeError} If there is no image, a shape does not fit its role, or sides differ.
 */
export function siteOf(
  batch: number,
  arrays: Readonly<Record<string, { role: Site["arrays"][string]["role"]; shape: readonly number[] }>>,
): Site {
  let sides: [height: number, width: number] | undefined, first = "";
  for (const [name, { role, shape }] of Object.entries(arrays)) {
    const shown = `[${shape.join(", ")}] an example`;
    if (role === "points") {
      if (shape.length === 2 && (shape[1] === 2 || shape[1] === 3)) continue;
      throw new TypeError(
        `Cannot augment "${name}" as points must be [points, 2] or [points, 3]: got ${shown}`,
      );
    }
    if (role !== "image" && role !== "mask") continue;
    const fits = shape.length === 3 || shape.length === 4 || role === "mask" && shape.length === 2;
    if (!fits) {
      throw new TypeError(
        `Cannot augment "${name}" as ${role}s must be [height, width, bands] or [frames, height, width, bands]: got ${shown}`,
      );
    }
    const from = rowAxis(role, shape), here: [number, number] = [shape[from], shape[from + 1]];
    if (sides && (sides[0] !== here[0] || sides[1] !== here[1])) {
      throw new TypeError(
        `Cannot augment "${name}" with "${first}" as images and masks must have the same sides: ` +
          `got ${here[0]} × ${here[1]} and ${sides[0]} × ${sides[1]}`,
      );
    }
    if (!sides) first = name;
    sides = here;
  }
  if (!sides) throw new TypeError("Cannot augment as one of the arrays must be an image or a mask: got none");
  const sites = Object.entries(arrays).map(([name, { role, shape }]) => [name, { role, shape }]);
  return { batch, height: sides[0], width: sides[1], arrays: Object.fromEntries(sites) };
}

function resamplingOf(step: ParsedStep): Resampling | undefined {
  if (!("interpolation" in step)) return undefined;
  const { fill, value, interpolation } = step;
  return { fill, value, interpolation };
}

/**
 * What is to be done, in order.
 *
 * @throws {RangeError} If a crop does not fit, or an image that is transposed is not square.
 */
export function plan(steps: readonly ParsedStep[], start: Site): Stage[] {
  const stages: Stage[] = [];
  let site = start;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index], does = KINDS[step.op];
    switch (does.kind) {
      case "motion": {
        const row = rowFrom(steps, index), last = row.members[row.members.length - 1].index;
        const next = steps[last + 1], crop = next && KINDS[next.op].kind === "crop" ? next : undefined;
        checkSquare(row.members, site);
        const window = windowOf(site, crop);
        stages.push({ kind: "move", ...row, window, site });
        site = cropped(site, window);
        index = crop ? last + 1 : last;
        break;
      }
      case "crop": {
        const window = windowOf(site, step);
        const resampling = { fill: "constant", value: 0, interpolation: "nearest" } as const;
        stages.push({ kind: "move", members: [], onGrid: true, flipsOnly: true, resampling, window, site });
        site = cropped(site, window);
        break;
      }
      case "pixels":
        stages.push({ kind: "pixels", index, step, does, site });
        break;
      case "warp":
        stages.push({ kind: "warp", index, step, does, resampling: resamplingOf(step)!, site });
        break;
      case "mix":
        stages.push({ kind: "mix", index, step, does, site });
        break;
    }
  }
  return stages;
}

function windowOf(site: Site, crop: ParsedStep | undefined): Window {
  const { height, width } = site;
  if (!crop) return { top: 0, left: 0, height, width };
  return middleWindow([height, width], (KINDS[crop.op] as CropKind<ParsedStep>).size(crop));
}

/** The motions from `first` on that are read between pixels in the same way. */
function rowFrom(steps: readonly ParsedStep[], first: number) {
  const members: Moving[] = [];
  let resampling: Resampling | undefined;
  for (let index = first; index < steps.length; index++) {
    const step = steps[index], kind = KINDS[step.op];
    if (kind.kind !== "motion") break;
    const own = resamplingOf(step);
    if (own && resampling && !sameResampling(own, resampling)) break;
    resampling ??= own;
    members.push({ index, step, kind });
  }
  return {
    members,
    onGrid: members.every(({ kind, step }) => kind.onGrid(step)),
    flipsOnly: members.every(({ step }) => step.op === "flip"),
    resampling: resampling ?? { fill: "constant", value: 0, interpolation: "bilinear" },
  } as const;
}

function sameResampling(a: Resampling, b: Resampling): boolean {
  return a.fill === b.fill && a.value === b.value && a.interpolation === b.interpolation;
}

function checkSquare(members: readonly Moving[], { height, width }: Site): void {
  const transposes = members.some(({ step }) => step.op === "flip" && step.transpose);
  if (!transposes || height === width) return;
  throw new RangeError(`Cannot transpose images as they must be square: got ${height} × ${width}`);
}

/** The laws of all draws, by the step's place in the list and the draw's name: `0.degrees`. */
export function lawsOf(stages: readonly Stage[]): Record<string, Law> {
  const laws: Record<string, Law> = {};
  for (const stage of stages) {
    if (stage.kind === "move") {
      for (const { index, step, kind } of stage.members) {
        for (const [name, law] of Object.entries(kind.laws(step, stage.onGrid))) {
          laws[`${index}.${name}`] = law;
        }
      }
      continue;
    }
    for (const [name, law] of Object.entries(stage.does.laws(stage.step, stage.site))) {
      laws[`${stage.index}.${name}`] = law;
    }
  }
  return laws;
}

/**
 * The draws of one step out of all, by their names without the step's place.
 *
 * @throws {TypeError} If a draw is missing.
 */
export function drawsOf<T>(
  draws: Readonly<Record<string, T>>,
  index: number,
  laws: Readonly<Record<string, Law>>,
): Record<string, T> {
  const found: Record<string, T> = {};
  for (const name of Object.keys(laws)) {
    const draw = draws[`${index}.${name}`];
    if (draw === undefined) {
      throw new TypeError(
        `Cannot apply augmentation as the draw "${index}.${name}" is missing: draw with the same steps`,
      );
    }
    found[name] = draw;
  }
  return found;
}

/**
 * @throws {TypeError} If nothing but images and points would be mixed: what the examples are would no longer be true.
 */
export function checkFollowers(step: ParsedStep, roles: readonly Site["arrays"][string]["role"][]): void {
  if (roles.some((role) => role === "label" || role === "mask" || role === "none")) return;
  throw new TypeError(
    `Cannot mix examples by "${step.op}" as their labels must follow: give them the role "label", or "none" ` +
      `to those that stay true; got ${roles.join(", ")}`,
  );
}

/** @throws {TypeError} If the arrays cannot be mixed: labels of classes by number, masks of whole numbers, points. */
export function checkMix(
  step: ParsedStep,
  blendsMasks: boolean,
  name: string,
  role: Site["arrays"][string]["role"],
  whole: boolean,
): void {
  const wanted = role === "points"
    ? "points of two examples have no mixture"
    : role === "label" && whole
    ? "labels must be shares of classes or values, as floats"
    : role === "mask" && whole && blendsMasks
    ? "masks must be floats"
    : undefined;
  if (wanted) {
    throw new TypeError(
      `Cannot mix "${name}" by "${step.op}" as ${wanted}: got ${whole ? "whole numbers" : role}`,
    );
  }
}
