/**
 * Preprocessing as data: a list of steps stands in a model's card and in a run's record, and the same list drives
 * training, scoring and the decoder that reads only what a crop needs. One kind of step a file, registered here. @module
 */
import { z } from "../../base/zod.ts";
import { nearest } from "../../base/nearest.ts";
import { centeredStart } from "../crop_center.ts";
import type { FrameData } from "../frame.ts";
import { asinh, type AsinhStep } from "./asinh.ts";
import { bandLimits, type BandLimitsStep } from "./band_limits.ts";
import { colorResidual, type ColorResidualStep } from "./color_residual.ts";
import { cropCenter, type CropCenterStep } from "./crop_center.ts";
import { grey, type GreyStep } from "./grey.ts";
import { invertIfBright, type InvertIfBrightStep } from "./invert_if_bright.ts";
import { log1p, type Log1pStep } from "./log1p.ts";
import { pad, type PadStep } from "./pad.ts";
import { axesOf, type Pixels, shapeText, sizeOf } from "./pixels.ts";
import type { PrimitiveOp } from "./primitive_op.ts";
import { removeHotPixels, type RemoveHotPixelsStep } from "./remove_hot_pixels.ts";
import { resize, type ResizeStep } from "./resize.ts";
import { scale, type ScaleStep } from "./scale.ts";
import { selectBands, type SelectBandsStep } from "./select_bands.ts";
import { standardize, type StandardizeStep } from "./standardize.ts";
import type { StepKind } from "./step.ts";
import { timeOrder, type TimeOrderStep } from "./time_order.ts";
import { window, type WindowStep } from "./window.ts";

/** One step from a decoded file to a model's input. */
export type PreprocessingStep =
  | GreyStep
  | ResizeStep
  | CropCenterStep
  | PadStep
  | WindowStep
  | ScaleStep
  | StandardizeStep
  | AsinhStep
  | Log1pStep
  | BandLimitsStep
  | SelectBandsStep
  | ColorResidualStep
  | InvertIfBrightStep
  | RemoveHotPixelsStep
  | TimeOrderStep;

/** What has a default in a step, and so may be left out where it is written. */
type Defaults = {
  scale: "offset";
  pad: "value";
  timeOrder: Exclude<keyof TimeOrderStep, "op" | "minTime" | "maxTime">;
};

type WithDefaults<Step extends PreprocessingStep> = Step["op"] extends keyof Defaults
  ? Omit<Step, Defaults[Step["op"]]> & Partial<Pick<Step, Defaults[Step["op"]] & keyof Step>>
  : Step;

/** A step as it may be written: what has a default can be left out. */
export type PreprocessingStepInput = { [Op in PreprocessingStep["op"]]: WithDefaults<StepOf<Op>> }[
  PreprocessingStep["op"]
];

type StepOf<Op extends PreprocessingStep["op"]> = Extract<PreprocessingStep, { op: Op }>;

const KINDS: { readonly [Op in PreprocessingStep["op"]]: StepKind<StepOf<Op>> } = {
  grey,
  resize,
  cropCenter,
  pad,
  window,
  scale,
  standardize,
  asinh,
  log1p,
  bandLimits,
  selectBands,
  colorResidual,
  invertIfBright,
  removeHotPixels,
  timeOrder,
};

/** The names of all kinds of step. */
export const STEP_NAMES: readonly string[] = Object.keys(KINDS);

function kindOf(step: PreprocessingStep): StepKind<PreprocessingStep> {
  return KINDS[step.op] as StepKind<PreprocessingStep>;
}

/** What is known of a picture beside its values. */
export interface PreprocessingContext {
  /** What a white pixel has: 255, 65,535, or 1; only `invertIfBright` asks for it. */
  white: number;
}

/** A step's kind by its name, or what is wrong with the name. */
function findKind(value: unknown): StepKind<PreprocessingStep> | string {
  const op = (value as { op?: unknown } | null)?.op;
  if (typeof op !== "string") return 'must be an object with its name under "op"';
  if (Object.hasOwn(KINDS, op)) return KINDS[op as PreprocessingStep["op"]] as StepKind<PreprocessingStep>;
  const close = nearest(op, STEP_NAMES);
  return `unknown step "${op}"${close ? ` (nearest: "${close}")` : ""}`;
}

/** The schema of a list of steps, for the schema of what holds one. */
export const preprocessingSchema: z.ZodType<PreprocessingStep[]> = z.array(z.unknown()).transform(
  (values, context) => {
    const steps: PreprocessingStep[] = [];
    values.forEach((value, i) => {
      const kind = findKind(value);
      if (typeof kind === "string") {
        context.addIssue({ code: "custom", path: [i], message: kind });
        return;
      }
      const result = kind.schema().safeParse(value);
      if (result.success) steps.push(result.data);
      else {
        for (const { path, message } of result.error.issues) {
          context.addIssue({ code: "custom", path: [i, ...path], message });
        }
      }
    });
    const blind = withoutWhite(steps);
    if (blind) context.addIssue({ code: "custom", message: blind });
    return steps;
  },
);

/** Names a step that needs to know what is white where there is no such number any more. */
function withoutWhite(steps: readonly PreprocessingStep[]): string | undefined {
  let white = 255, lost = "";
  for (const step of steps) {
    if (step.op === "invertIfBright" && Number.isNaN(white)) {
      return `"invertIfBright" cannot come after "${lost}", which leaves no one value that is white`;
    }
    white = kindOf(step).whiteAfter(step, white);
    if (Number.isNaN(white) && lost === "") lost = step.op;
  }
  return undefined;
}

/**
 * Reads and checks a list of preprocessing steps.
 *
 * @param value What JSON.parse made of it.
 * @returns The steps with defaults filled in; shares nothing with `value`.
 * @throws {TypeError} If it is no list, or a step is unknown or wrong; every fault is named.
 * @example
 * ```ts
 * parsePreprocessing([{ op: "scale", factor: 2 }])[0]; // { op: "scale", factor: 2, offset: 0 }
 * ```
 */
export function parsePreprocessing(value: unknown): PreprocessingStep[] {
  const result = preprocessingSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const where = path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("");
    return where ? `${where}: ${message}` : message;
  });
  throw new TypeError(`Cannot read preprocessing as it does not fit the format: ${problems.join("; ")}`);
}

/**
 * The shape that a list of steps makes of a shape.
 *
 * @param shape [height, width, channels] or [frames, height, width, channels].
 * @throws {TypeError | RangeError} If a step cannot be applied to what the steps before it make.
 * @example
 * ```ts
 * shapeAfter([{ op: "grey" }, { op: "cropCenter", size: 128 }], [576, 576, 3]); // 128, 128, 1
 * ```
 */
export function shapeAfter(steps: readonly PreprocessingStep[], shape: readonly number[]): number[] {
  axesOf(shape);
  return steps.reduce<number[]>((from, step) => kindOf(step).shapeAfter(step, from), [...shape]);
}

/**
 * Applies a list of steps to one example: the reference, which scoring uses and which training's steps agree with.
 *
 * @param pixels Values as they were read, of shape [height, width, channels] or [frames, height, width, channels]; not modified.
 * @returns A new array in 32-bit floating point; the values themselves where no step changes them.
 * @throws {TypeError | RangeError} If a step cannot be applied to what the steps before it make.
 * @example A window of camera counts
 * ```ts
 * const pixels = { data: Uint8Array.of(95, 200), shape: [1, 2, 1] };
 * preprocess([{ op: "window", low: 60, high: 130 }], pixels, { white: 255 }).data; // 0.5, 1
 * ```
 */
export function preprocess(
  steps: readonly PreprocessingStep[],
  pixels: Pixels<FrameData>,
  context: PreprocessingContext,
): Pixels {
  if (pixels.data.length !== sizeOf(pixels.shape)) {
    throw new TypeError(
      `Cannot preprocess ${pixels.data.length} values as ${shapeText(pixels.shape)}`,
    );
  }
  shapeAfter(steps, pixels.shape);
  let { white } = context, now = pixels;
  for (const step of steps) {
    const kind = kindOf(step);
    now = kind.apply(step, now, white);
    white = kind.whiteAfter(step, white);
  }
  const { data, shape } = now;
  return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape: [...shape] };
}

/**
 * A list of steps as primitive operations, for a tensor library to run on batches.
 *
 * @param shape One example's, before the steps.
 * @throws {TypeError | RangeError} If a step cannot be applied to what the steps before it make.
 * @example
 * ```ts
 * primitiveOps([{ op: "scale", factor: 2, offset: 0 }], [1, 1, 1], { white: 255 })[0]; // { op: "affine", factor: 2, offset: 0 }
 * ```
 */
export function primitiveOps(
  steps: readonly PreprocessingStep[],
  shape: readonly number[],
  context: PreprocessingContext,
): PrimitiveOp[] {
  axesOf(shape);
  let { white } = context, now = [...shape];
  return steps.flatMap((step) => {
    const kind = kindOf(step), next = kind.shapeAfter(step, now);
    const ops = kind.ops(step, now, white);
    white = kind.whiteAfter(step, white);
    now = next;
    return ops;
  });
}

/** Rows and columns of a picture, each from `first` to before `end`. */
export interface Region {
  /** From the first row to before the last. */
  rows: readonly [first: number, end: number];
  /** From the first column to before the last. */
  columns: readonly [first: number, end: number];
}

/**
 * The part of a picture that a list of steps looks at, so that a decoder can leave out the rest.
 *
 * What was decoded goes through the steps from `applied` on, or through all of them: a crop of what is cropped already
 * changes nothing.
 *
 * @param shape The whole picture's, [height, width, channels] or [frames, height, width, channels].
 * @returns The whole picture where a step looks at neighbours before anything is cut, or a crop does not fit.
 * @example
 * ```ts
 * regionOf([{ op: "cropCenter", size: 128 }], [576, 576, 1]); // { rows: [224, 352], columns: [224, 352], applied: 1 }
 * ```
 */
export function regionOf(
  steps: readonly PreprocessingStep[],
  shape: readonly number[],
): Region & { applied: number } {
  const { height, width, channels } = axesOf(shape);
  const whole = { rows: [0, height], columns: [0, width], applied: 0 } as const;
  const applied = steps.findIndex((step) => !(step.op === "grey" && channels === 1));
  const at = steps.findIndex((step) => !kindOf(step).pointwise);
  const crop = steps[at];
  if (crop?.op !== "cropCenter" || crop.size > height || crop.size > width) return whole;
  const top = centeredStart(height, crop.size), left = centeredStart(width, crop.size);
  return {
    rows: [top, top + crop.size],
    columns: [left, left + crop.size],
    applied: applied === at ? at + 1 : Math.max(0, applied),
  };
}
