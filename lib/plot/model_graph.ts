/** A model drawn as a graph of its layers. @module */
import { COLORS, type Spec, toSpec, type View } from "./spec.ts";

/** One layer to draw. */
export interface GraphLayer {
  name: string;
  type: string;
  shape: string;
  parameters: number;
  /** Names of the layers before it. */
  from: readonly string[];
}

/** Sizes of a box and of the gaps, in pixels. */
const BOX = { width: 190, height: 40, gapX: 14, gapY: 22 };

/** Boxes in rows: each layer below all that it takes its input from. */
function placed(
  layers: readonly GraphLayer[],
): Map<string, { layer: GraphLayer; row: number; column: number }> {
  const places = new Map<string, { layer: GraphLayer; row: number; column: number }>();
  const filled: number[] = [];
  for (const layer of layers) {
    const above = layer.from.map((name) => places.get(name)?.row ?? -1);
    const row = 1 + Math.max(-1, ...above);
    filled[row] ??= 0;
    places.set(layer.name, { layer, row, column: filled[row]++ });
  }
  return places;
}

/**
 * Layers as boxes with name, type, output shape and number of parameters, joined by lines from top to bottom.
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
  const places = [...placed(layers).values()];
  const columns = 1 + Math.max(...places.map(({ column }) => column));
  const rows = 1 + Math.max(...places.map(({ row }) => row));
  const width = columns * (BOX.width + BOX.gapX), height = rows * (BOX.height + BOX.gapY);
  const inRow = (row: number) => places.filter((place) => place.row === row).length;
  const boxes = places.map(({ layer, row, column }) => {
    const left = (width - inRow(row) * (BOX.width + BOX.gapX)) / 2 + column * (BOX.width + BOX.gapX);
    const top = row * (BOX.height + BOX.gapY);
    const size = layer.parameters > 0 ? `, ${layer.parameters.toLocaleString("en")} parameters` : "";
    return {
      name: layer.name,
      from: layer.from,
      x: left,
      x2: left + BOX.width,
      middle: left + BOX.width / 2,
      y: top,
      y2: top + BOX.height,
      title: `${layer.name}: ${layer.type}`,
      detail: `${layer.shape.replaceAll("None", "·")}${size}`,
      titleY: top + 15,
      detailY: top + 30,
    };
  });
  const byName = new Map(boxes.map((box) => [box.name, box]));
  const edges = boxes.flatMap((box) =>
    box.from.flatMap((name) => {
      const above = byName.get(name);
      return above ? [{ x: above.middle, y: above.y2, x2: box.middle, y2: box.y }] : [];
    })
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
    mark: { type: "text", fontSize, opacity, limit: BOX.width - 8 },
    encoding: { x: x("middle"), y: y(place), text: { field, type: "nominal" } },
  });
  return toSpec({
    width,
    height,
    title: options.title ?? "Layers of the model",
    layer: [
      {
        data: { values: edges },
        mark: { type: "rule", color: COLORS.grey, strokeWidth: 1.2 },
        encoding: { x: x("x"), y: y("y"), x2: { field: "x2" }, y2: { field: "y2" } },
      },
      {
        data: { values: boxes.map(({ x, y, x2, y2 }) => ({ x, y, x2, y2 })) },
        mark: {
          type: "rect",
          cornerRadius: 4,
          fill: COLORS.blue,
          fillOpacity: 0.12,
          stroke: COLORS.blue,
          strokeWidth: 1,
        },
        encoding: { x: x("x"), y: y("y"), x2: { field: "x2" }, y2: { field: "y2" } },
      },
      text("titleY", "title", 11, 1),
      text("detailY", "detail", 9, 0.75),
    ],
  });
}
