/**
 * Hit-level quality of a segmentation. Only what concerns hits is counted: per-cell accuracy is flattered by the empty
 * cells that make up nearly all of a detector image.
 * @module
 */
import { bootstrapIndices } from "./bootstrap.ts";
import { checkLengths, type Estimate, type ResamplingOptions } from "./estimate.ts";
import { proportion } from "./proportion.ts";

/** Options for {@linkcode segmentation}. */
export interface SegmentationOptions extends ResamplingOptions {
  /** A cell is called a hit of the searched kind from this predicted value on. @default {0.5} */
  threshold?: number;
  /** Cells that hold a hit at all, [events, cells]; predictions elsewhere are not counted. @default {every cell counts} */
  occupied?: ArrayLike<number | boolean>;
}

/** Hit-level quality; intervals are of events resampled as wholes, as hits of one event are not independent. */
export interface SegmentationMetrics {
  /** Number of events. */
  events: number;
  /** Of the cells called hits, the share that are. */
  precision: Estimate;
  /** Of the hits, the share called so. */
  recall: Estimate;
  /** Called and true, divided by called or true. */
  iou: Estimate;
  /** Share of events without one wrong cell, with its exact interval. */
  perfectEvents: Estimate;
}

/** Cells of each event, [events] each. */
export interface SegmentationCounts {
  /** Called hits of the searched kind that are. */
  both: Float64Array;
  /** Called so. */
  called: Float64Array;
  /** That are. */
  present: Float64Array;
}

/**
 * Counts the cells of each event that are called hits and that are.
 *
 * @throws {RangeError} If lengths differ or are not whole events.
 * @example
 * ```ts
 * countSegmentation([1, 0, 1, 1], [1, 0, 1, 0], 2).called; // 1, 2
 * ```
 */
export function countSegmentation(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number | boolean>,
  cells: number,
  options: Pick<SegmentationOptions, "threshold" | "occupied"> = {},
): SegmentationCounts {
  const { threshold = 0.5, occupied } = options;
  const length = checkLengths("measure a segmentation", { predicted, truth, ...(occupied && { occupied }) });
  const events = length / cells;
  if (!Number.isInteger(events)) {
    throw new RangeError(`Cannot measure a segmentation as ${length} cells are not whole events of ${cells}`);
  }
  const both = new Float64Array(events),
    called = new Float64Array(events),
    present = new Float64Array(events);
  for (let e = 0; e < events; e++) {
    for (let i = e * cells; i < (e + 1) * cells; i++) {
      if (occupied && !occupied[i]) continue;
      const isCalled = predicted[i] >= threshold, isHit = Number(truth[i]) > 0;
      if (isCalled) called[e]++;
      if (isHit) present[e]++;
      if (isCalled && isHit) both[e]++;
    }
  }
  return { both, called, present };
}

/**
 * Precision, recall and intersection over union of hits, and the share of events with no mistake at all.
 *
 * Shapes: [events, cells] row-major: predicted values (or 0 and 1) and truth (0 or 1).
 *
 * @param cells Cells an event.
 * @throws {RangeError} If lengths differ or are not whole events.
 * @example One event right, one with a false hit
 * ```ts
 * segmentation([1, 0, 1, 1], [1, 0, 1, 0], 2, { rng: Math.random }).perfectEvents.value; // 0.5
 * ```
 */
export function segmentation(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number | boolean>,
  cells: number,
  options: SegmentationOptions,
): SegmentationMetrics {
  const { both, called, present } = countSegmentation(predicted, truth, cells, options);
  const events = both.length;
  const perfect = both.filter((hits, e) => hits === called[e] && hits === present[e]).length;
  const ratio = (below: (e: number) => number) =>
    bootstrapIndices(events, (indices) => {
      let above = 0, under = 0;
      for (const e of indices) {
        above += both[e];
        under += below(e);
      }
      return above / under;
    }, options);
  return {
    events,
    precision: ratio((e) => called[e]),
    recall: ratio((e) => present[e]),
    iou: ratio((e) => called[e] + present[e] - both[e]),
    perfectEvents: proportion(perfect, events, options),
  };
}
