/** The events that a binary classifier is most wrong about, as pictures. @module */
import { plotImageGrid } from "./image_grid.ts";
import type { ScalesOptions } from "./_scales.ts";
import type { Picture } from "./picture.ts";
import { AS_IT_IS, SALIENCY_WORDS, type SaliencyMap, widthWithSaliency, withSaliency } from "./saliency.ts";
import { COLORS, type Spec } from "./spec.ts";

/** Options for {@linkcode plotWorstEvents}. */
export interface WorstEventsOptions extends ScalesOptions {
  /** Names of background and signal. @default {["background", "signal"]} */
  classNames?: readonly [background: string, signal: string];
  /** A second line for each event, [n], such as its energy. */
  details?: ArrayLike<string>;
  /** Most events shown. @default {12} */
  limit?: number;
  /** Pictures in a row. @default {4} */
  columns?: number;
  /** Width of a picture in pixels. @default {128} */
  size?: number;
  /** Above the pictures. */
  title?: string;
  /** What mattered for the responses, one for each picture: drawn beside it. */
  saliency?: readonly SaliencyMap[];
}

/**
 * Example numbers by the distance of response and truth, the most wrong first.
 *
 * Shapes: [n] responses in [0, 1] and labels (1 signal, 0 background).
 *
 * @example The second is worst
 * ```ts
 * worstEvents([0.9, 0.9, 0.4], [1, 0, 0]); // 1, 2, 0
 * ```
 */
export function worstEvents(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): Uint32Array {
  const wrong = Float64Array.from(
    { length: scores.length },
    (_, i) => Math.abs(scores[i] - Number(labels[i])),
  );
  return Uint32Array.from({ length: wrong.length }, (_, i) => i).sort((a, b) => wrong[b] - wrong[a] || a - b);
}

/**
 * Pictures of the events that a binary classifier is most wrong about, with its response and the truth under each; red where
 * the response lies on the wrong side of one half.
 *
 * Shapes: n pictures, [n] responses and labels.
 *
 * @throws {RangeError} If the lengths differ or there is nothing to show.
 * @example One event
 * ```ts
 * import { picturesOf } from "./picture.ts";
 * plotWorstEvents(picturesOf(new Uint8Array(4), [1, 2, 2]), [0.9], [0], { details: ["run 7"] });
 * ```
 */
export function plotWorstEvents(
  pictures: readonly Picture[],
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: WorstEventsOptions = {},
): Spec {
  const {
    classNames = ["background", "signal"],
    details,
    limit = 12,
    columns = 4,
    size = 128,
    title = "Worst events",
    saliency,
    ...shades
  } = options;
  if (pictures.length !== scores.length || scores.length !== labels.length) {
    throw new RangeError(
      `Cannot draw worst events as pictures, responses and labels must be equally many: ` +
        `got ${pictures.length}, ${scores.length} and ${labels.length}`,
    );
  }
  const indices = Array.from(worstEvents(scores, labels).subarray(0, limit));
  const captionOf = (i: number) => {
    const first = `${classNames[Number(labels[i])]}, P(${classNames[1]}) = ${scores[i].toFixed(2)}`;
    return details ? `${first}\n${details[i]}` : first;
  };
  const grid = {
    captions: indices.map(captionOf),
    colors: indices.map((i) => Number(scores[i] >= 0.5) === Number(labels[i]) ? undefined : COLORS.red),
    columns,
    limit,
  };
  if (!saliency) return plotImageGrid(indices.map((i) => pictures[i]), { ...shades, ...grid, size, title });
  const { scaleBar: _, colorBar: __, ...inShades } = shades;
  return plotImageGrid(indices.map((i) => withSaliency(pictures[i], saliency[i], inShades)), {
    ...AS_IT_IS,
    ...grid,
    size: widthWithSaliency(size),
    title: `${title}; ${SALIENCY_WORDS}`,
  });
}
