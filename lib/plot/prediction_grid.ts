/** Pictures beside what a classifier says of them. @module */
import { canvasSpec, type PlacedBox, type PlacedText } from "./_canvas.ts";
import { type Picture, pictureUri, type ShadeOptions } from "./picture.ts";
import { AS_IT_IS, SALIENCY_WORDS, type SaliencyMap, widthWithSaliency, withSaliency } from "./saliency.ts";
import { COLORS, type Spec } from "./spec.ts";

/** Options for {@linkcode plotPredictionGrid}. */
export interface PredictionGridOptions extends ShadeOptions {
  /** Examples to show, by number. @default {the first rows × columns} */
  indices?: ArrayLike<number>;
  /** Rows of pictures. @default {5} */
  rows?: number;
  /** Pictures in a row. @default {3} */
  columns?: number;
  /** Width of a picture in pixels. @default {84} */
  size?: number;
  /** Above the pictures. */
  title?: string;
  /** What mattered for the answers, by number of the example: drawn beside each picture that has some. */
  saliency?: ReadonlyMap<number, SaliencyMap>;
}

/** Most letters of a class's name under its bar, where there are many classes. */
const SHORT_NAME = 2;
/** Letters of a line of names. */
const LINE = 76;

/** Which number stands for which class, where bars are too narrow for names: in lines. */
function namesByNumber(names: readonly string[]): string[] {
  if (names.length <= 4 || names.every((name) => name.length <= SHORT_NAME)) return [];
  return names.reduce<string[]>((lines, name, c) => {
    const entry = `${c} ${name}`, last = lines.at(-1);
    if (last === undefined || last.length + entry.length > LINE) return [...lines, entry];
    return [...lines.slice(0, -1), `${last} · ${entry}`];
  }, []);
}

/** Position of the largest entry of a row. */
function bestOf(probabilities: ArrayLike<number>, row: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if (probabilities[row * classes + c] > probabilities[row * classes + best]) best = c;
  }
  return best;
}

/**
 * Examples whose predicted class is wrong, the most confident mistake first.
 *
 * Shapes: probabilities [n, classes], labels [n].
 *
 * @example One mistake of two
 * ```ts
 * worstMistakes([0.9, 0.1, 0.2, 0.8], [0, 0], 2); // [1]
 * ```
 */
export function worstMistakes(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): Uint32Array {
  const wrong: { i: number; confidence: number }[] = [];
  for (let i = 0; i < labels.length; i++) {
    const best = bestOf(probabilities, i, classes);
    if (best !== labels[i]) wrong.push({ i, confidence: probabilities[i * classes + best] });
  }
  return Uint32Array.from(wrong.sort((a, b) => b.confidence - a.confidence || a.i - b.i), ({ i }) => i);
}

/**
 * Each picture with the predicted class, its probability and the true class, and a bar a class: blue where right, red where
 * wrong.
 *
 * Shapes: n pictures, probabilities [n, classes] row-major, labels [n].
 *
 * @param classNames One name a class.
 * @throws {RangeError} If the lengths do not match or there is nothing to show.
 * @example One right prediction
 * ```ts
 * import { picturesOf } from "./picture.ts";
 * plotPredictionGrid(picturesOf(new Uint8Array(4), [1, 2, 2]), [0.9, 0.1], [0], ["cat", "dog"]);
 * ```
 */
export function plotPredictionGrid(
  pictures: readonly Picture[],
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classNames: readonly string[],
  options: PredictionGridOptions = {},
): Spec {
  const { rows = 5, columns = 3, size = 84, title = "Predictions", indices, saliency, ...shades } = options;
  const classes = classNames.length;
  if (pictures.length !== labels.length || probabilities.length !== labels.length * classes) {
    throw new RangeError(
      `Cannot draw predictions as pictures, labels and rows of ${classes} probabilities must be equally many: ` +
        `got ${pictures.length}, ${labels.length} and ${probabilities.length / classes}`,
    );
  }
  const all = indices ? Array.from(indices) : pictures.map((_, i) => i);
  const shown = all.slice(0, rows * columns);
  if (shown.length === 0) throw new RangeError("Cannot draw predictions as there is no picture");
  const first = pictures[shown[0]];
  const pictureHeight = Math.round(size * first.height / first.width);
  const barsWidth = Math.max(110, classes * 9), barsHeight = pictureHeight - 4, gap = 18, captionHeight = 34;
  const explained = shown.some((example) => saliency?.has(example));
  const drawn = { width: explained ? widthWithSaliency(size) : size, height: pictureHeight };
  const urlOf = (example: number) => {
    const map = saliency?.get(example);
    return map
      ? pictureUri(withSaliency(pictures[example], map, shades), { ...AS_IT_IS, minimumWidth: 2 * size })
      : pictureUri(pictures[example], shades);
  };
  const pictureColumn = Math.max(drawn.width, 112);
  const cellWidth = pictureColumn + barsWidth + gap * 2, cellHeight = pictureHeight + captionHeight + 10;
  const numbered = namesByNumber(classNames);
  const boxes: PlacedBox[] = [], captions: PlacedText[] = [], ticks: PlacedText[] = [];
  const items = shown.map((example, place) => {
    const left = (place % columns) * cellWidth, top = Math.floor(place / columns) * cellHeight;
    const middle = left + pictureColumn / 2;
    const best = bestOf(probabilities, example, classes), truth = labels[example];
    const percent = Math.round(100 * probabilities[example * classes + best]);
    const color = best === truth ? COLORS.blue : COLORS.red;
    captions.push(
      { x: middle, y: top + pictureHeight + 10, text: `${classNames[best]} ${percent} %`, color },
      { x: middle, y: top + pictureHeight + 24, text: `(${classNames[truth]})`, color },
    );
    const barsLeft = left + pictureColumn + gap / 2, step = barsWidth / classes, floor = top + barsHeight;
    boxes.push({ x: barsLeft, y: floor + 1, x2: barsLeft + barsWidth, y2: floor, color: COLORS.grey });
    for (let c = 0; c < classes; c++) {
      const p = Math.min(Math.max(probabilities[example * classes + c], 0), 1);
      const x = barsLeft + c * step;
      const barColor = c === truth ? COLORS.blue : c === best ? COLORS.red : COLORS.grey;
      boxes.push({ x: x + 1, y: floor, x2: x + step - 1, y2: floor - p * barsHeight, color: barColor });
      const label = numbered.length > 0 ? String(c) : classNames[c];
      ticks.push({ x: x + step / 2, y: floor + 9, text: label });
    }
    return { x: middle, y: top + pictureHeight / 2, url: urlOf(example) };
  });
  return canvasSpec({
    width: Math.min(columns, shown.length) * cellWidth - gap,
    height: Math.ceil(shown.length / columns) * cellHeight - 6,
    title,
    subtitle: [...(explained ? [SALIENCY_WORDS] : []), ...numbered],
    pictures: [{ ...drawn, items }],
    texts: [{ size: 11, items: captions }, { size: 9, items: ticks }],
    boxes,
  });
}

/**
 * The most confident mistakes as a {@linkcode plotPredictionGrid}; nothing if there is none.
 *
 * @returns The chart, or `undefined` where every prediction is right.
 * @example A dog taken for a cat
 * ```ts
 * import { picturesOf } from "./picture.ts";
 * plotWorstMistakes(picturesOf(new Uint8Array(4), [1, 2, 2]), [0.9, 0.1], [1], ["cat", "dog"]);
 * ```
 */
export function plotWorstMistakes(
  pictures: readonly Picture[],
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classNames: readonly string[],
  options: PredictionGridOptions = {},
): Spec | undefined {
  const indices = worstMistakes(probabilities, labels, classNames.length);
  if (indices.length === 0) return undefined;
  const title = `Most confident mistakes, of ${indices.length} in ${labels.length.toLocaleString("en")}`;
  return plotPredictionGrid(pictures, probabilities, labels, classNames, { title, ...options, indices });
}
