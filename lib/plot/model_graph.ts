/** A model drawn as a graph of its layers. @module */
import { COLORS, type Spec, toSpec, type View } from "./spec.ts";

/** One layer to draw. */
export interface GraphLayer {
  /** Name in the model. */
  name: string;
  /** Class, as Keras calls it. */
  type: string;
  /** Output shape, as text. */
  shape: string;
  /** Values in its weights. */
  parameters: number;
  /** Names of the layers before it. */
  from: readonly string[];
}

/** Sizes of a box and of the gaps, in pixels; a box is as wide as its longest text, within limits. */
const BOX = { narrowest: 120, widest: 300, height: 40, gapX: 18, gapY: 24, margin: 16 };
/** Distance between lines that pass boxes. */
const LANE = 14;
/** Width of a letter over the font's size, and the sizes of the two lines. */
const LETTER = 0.6, TITLE_SIZE = 11, DETAIL_SIZE = 9;

/** A box. */
interface Box {
  layer: GraphLayer;
  row: number;
  /** What lines come from. */
  above: Box[];
  /** Middle, in pixels. */
  x: number;
}

/** A line's way past rows that it skips: down the right side of their boxes. */
interface Lane {
  from: Box;
  /** The last row that it passes. */
  last: number;
  x: number;
}

const titleOf = ({ name, type }: GraphLayer) => `${name}: ${type}`;

function detailOf({ shape, parameters }: GraphLayer): string {
  const size = parameters > 0 ? `, ${parameters.toLocaleString("en")} parameters` : "";
  return `${shape.replaceAll("None", "·")}${size}`;
}

/** Width of a box that holds the longest text. */
function boxWidth(layers: readonly GraphLayer[]): number {
  const widths = layers.map((layer) =>
    LETTER * Math.max(TITLE_SIZE * titleOf(layer).length, DETAIL_SIZE * detailOf(layer).length)
  );
  return Math.min(BOX.widest, Math.max(BOX.narrowest, Math.ceil(Math.max(...widths)) + BOX.margin));
}

/** Rows of boxes, each layer below all that it takes its input from. */
function rowsOf(layers: readonly GraphLayer[]): Box[][] {
  const rows: Box[][] = [], found = new Map<string, Box>();
  for (const layer of layers) {
    const above = layer.from.map((name) => found.get(name)).filter((box) => box !== undefined);
    const row = 1 + Math.max(-1, ...above.map((box) => box.row));
    const box = { layer, row, above, x: 0 };
    (rows[row] ??= []).push(box);
    found.set(layer.name, box);
  }
  return rows;
}

/** Puts each row in the order of the middles of what is above it, in the middle of the widest. */
function arrange(rows: readonly Box[][], width: number): void {
  const step = width + BOX.gapX, total = step * Math.max(...rows.map((row) => row.length));
  const wanted = ({ above }: Box) =>
    above.length === 0 ? total / 2 : above.reduce((sum, { x }) => sum + x, 0) / above.length;
  for (const row of rows) {
    row.sort((a, b) => wanted(a) - wanted(b));
    row.forEach((box, i) => box.x = total / 2 + (i - (row.length - 1) / 2) * step);
  }
}

/** A lane for each box whose lines skip rows, the short ones nearest to the boxes. */
function lanesOf(rows: readonly Box[][], width: number): Map<Box, Lane> {
  const lanes = new Map<Box, Lane>();
  for (const box of rows.flat()) {
    for (const from of box.above.filter(({ row }) => row < box.row - 1)) {
      const last = Math.max(box.row - 1, lanes.get(from)?.last ?? 0);
      lanes.set(from, { from, last, x: 0 });
    }
  }
  const right = rows.map((row) => Math.max(...row.map(({ x }) => x + width / 2)));
  const skipped = ({ from, last }: Lane) => last - from.row;
  for (const lane of [...lanes.values()].sort((a, b) => skipped(a) - skipped(b))) {
    const passed = { from: lane.from.row + 1, to: lane.last + 1 };
    lane.x = LANE + Math.max(...right.slice(passed.from, passed.to));
    right.fill(lane.x, passed.from, passed.to);
  }
  return lanes;
}

/** A straight piece of a line. */
interface Stroke {
  x: number;
  y: number;
  x2: number;
  y2: number;
}

const topOf = (row: number) => row * (BOX.height + BOX.gapY);
const bottomOf = (row: number) => topOf(row) + BOX.height;

/** The pieces of the line from one box to another. */
function strokesBetween(from: Box, to: Box, lane?: Lane): Stroke[] {
  const start = { x: from.x, y: bottomOf(from.row) }, end = { x2: to.x, y2: topOf(to.row) };
  if (!lane || from.row === to.row - 1) return [{ ...start, ...end }];
  const [entry, exit] = [topOf(from.row + 1), bottomOf(to.row - 1)];
  return [
    { ...start, x2: lane.x, y2: entry },
    { x: lane.x, y: entry, x2: lane.x, y2: exit },
    { x: lane.x, y: exit, ...end },
  ];
}

/**
 * Layers as boxes with name, type, output shape and number of parameters, joined by lines from top to bottom; a line that
 * skips rows passes on the right of their boxes.
 *
 * @param layers In an order in which each comes after those it depends on; see `summarizeModel`.
 * @throws {RangeError} If there is no layer.
 * @example Two layers in a row
 * ```ts
 * const input = { name: "image", type: "InputLayer", shape: "(None, 4)", parameters: 0, from: [] };
 * plotModelGraph([input, { name: "out", type: "Dense", shape: "(None, 2)", parameters: 10, from: ["image"] }]);
 * ```
 */
export function plotModelGraph(layers: readonly GraphLayer[], options: { title?: string } = {}): Spec {
  if (layers.length === 0) throw new RangeError("Cannot draw a model without layers");
  const rows = rowsOf(layers), boxSide = boxWidth(layers);
  arrange(rows, boxSide);
  const lanes = lanesOf(rows, boxSide), all = rows.flat();
  const width = Math.max(...all.map(({ x }) => x + boxSide / 2), ...[...lanes.values()].map(({ x }) => x)) +
    2;
  const height = bottomOf(rows.length - 1) + 2;
  const boxes = all.map(({ layer, row, x }) => {
    const top = topOf(row);
    const sides = { x: x - boxSide / 2, x2: x + boxSide / 2, y: top, y2: bottomOf(row) };
    const lines = { title: titleOf(layer), titleY: top + 15, detail: detailOf(layer), detailY: top + 30 };
    return { middle: x, ...sides, ...lines };
  });
  const strokes = all.flatMap((box) =>
    box.above.flatMap((from) => strokesBetween(from, box, lanes.get(from)))
  );
  const at = (field: string, length: number, reverse: boolean): View => ({
    field,
    type: "quantitative",
    axis: null,
    scale: { domain: [0, length], nice: false, zero: false, reverse },
  });
  const x = (field: string) => at(field, width, false), y = (field: string) => at(field, height, true);
  const text = (place: string, field: string, fontSize: number, opacity: number): View => ({
    data: { values: boxes },
    mark: { type: "text", fontSize, opacity, limit: boxSide - 8 },
    encoding: { x: x("middle"), y: y(place), text: { field, type: "nominal" } },
  });
  const sides = { x: x("x"), y: y("y"), x2: { field: "x2" }, y2: { field: "y2" } };
  const { title = "Layers of the model" } = options;
  const graph = toSpec({
    width,
    height,
    title,
    layer: [
      {
        data: { values: strokes },
        mark: { type: "rule", color: COLORS.grey, strokeWidth: 1.2, strokeCap: "round" },
        encoding: sides,
      },
      {
        data: { values: boxes },
        mark: {
          type: "rect",
          cornerRadius: 4,
          fill: COLORS.blue,
          fillOpacity: 0.12,
          stroke: COLORS.blue,
          strokeWidth: 1,
        },
        encoding: sides,
      },
      text("titleY", "title", TITLE_SIZE, 1),
      text("detailY", "detail", DETAIL_SIZE, 0.75),
    ],
  });
  return { ...graph, description: `${title}: ${layers.map(titleOf).join(", ")}` };
}
