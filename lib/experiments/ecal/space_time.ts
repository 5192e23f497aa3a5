/** Hits of an image as points in space and time, seen from aside. @module */
import { turnableScatterHtml } from "../../plot/turnable_scatter.ts";
import { quantity, type Spec, toSpec } from "../../plot/spec.ts";

const SIDE = 32;

/** Options for {@linkcode plotSpaceTime}. */
export interface SpaceTimeOptions {
  title?: string;
  /** Angle from which the floor of rows and columns is seen, degrees. @default {35} */
  turn?: number;
  /** How far from above, degrees: 0 is from the side. @default {25} */
  tilt?: number;
  /** Hits as early and as late as this are drawn; in the files' 50 ns. @default {0.1} */
  maxTime?: number;
  /** Least energy of a hit that is drawn. @default {0.005} */
  lowEnergy?: number;
}

/** Hits of an image that are early, late and bright enough. */
function hitsOf(image: Float32Array, maxTime: number, lowEnergy: number) {
  const hits: { row: number; column: number; time: number; energy: number }[] = [];
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const energy = image[2 * pixel], time = image[2 * pixel + 1];
    if (!(energy > lowEnergy && Math.abs(time) < maxTime)) continue;
    hits.push({ row: pixel >> 5, column: pixel & 31, time, energy });
  }
  return hits;
}

/**
 * The same scatter as a page on which it can be turned.
 *
 * @param image [32, 32, (energy, time)].
 */
export function spaceTimePage(image: Float32Array, options: SpaceTimeOptions = {}): string {
  const { title = "Hits in space and time", maxTime = 0.1, lowEnergy = 0.005 } = options;
  const points = hitsOf(image, maxTime, lowEnergy).map(({ row, column, time, energy }) => ({
    x: column,
    y: SIDE - 1 - row,
    z: time,
    value: energy,
    size: 1000 * energy,
  }));
  return turnableScatterHtml(points, {
    title,
    names: ["column", "row from below", "time [50 ns]"],
    ranges: [[0, SIDE], [0, SIDE], [-maxTime, maxTime]],
    valueTitle: "energy [50 GeV]",
  });
}

/**
 * A scatter of hits: column and row are the floor, time goes up; size 1000 E, colour by energy, half transparent, as in the document.
 *
 * @param image [32, 32, (energy, time)].
 * @example
 * ```ts
 * plotSpaceTime(new Float32Array(2048), { title: "Nothing" });
 * ```
 */
export function plotSpaceTime(image: Float32Array, options: SpaceTimeOptions = {}): Spec {
  const { title, turn = 35, tilt = 25, maxTime = 0.1, lowEnergy = 0.005 } = options;
  const [around, above] = [turn, tilt].map((degrees) => degrees * Math.PI / 180);
  /** Where a point of the unit cube around 0 is on the page. */
  const project = (column: number, row: number, time: number) => ({
    x: column * Math.cos(around) - row * Math.sin(around),
    y: (column * Math.sin(around) + row * Math.cos(around)) * Math.sin(above) + time * Math.cos(above),
  });
  const hits = hitsOf(image, maxTime, lowEnergy).map(({ row, column, time, energy }) => ({
    ...project(column / SIDE - 0.5, 0.5 - row / SIDE, time / (2 * maxTime)),
    energy,
    size: 1000 * energy,
  }));
  const corners = [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]];
  const edges = corners.flatMap(([column, row], i) => {
    const [nextColumn, nextRow] = corners[(i + 1) % 4];
    return [
      [[column, row, -0.5], [nextColumn, nextRow, -0.5]],
      [[column, row, 0.5], [nextColumn, nextRow, 0.5]],
      [[column, row, -0.5], [column, row, 0.5]],
    ];
  }).flatMap(([from, to], edge) =>
    [from, to].map(([column, row, time], order) => ({ ...project(column, row, time), edge, order }))
  );
  const names = [
    { ...project(0, -0.62, -0.5), text: "column" },
    { ...project(0.62, 0, -0.5), text: "row" },
    { ...project(-0.5, 0.5, 0.58), text: `time, ±${maxTime} [50 ns]` },
  ];
  const axis = { axis: null, scale: { domain: [-0.85, 0.85], nice: false, zero: false } };
  const at = { x: quantity("x", "", axis), y: quantity("y", "", axis) };
  return toSpec({
    width: 420,
    height: 420,
    ...(title && { title }),
    layer: [
      {
        data: { values: edges },
        mark: { type: "line", strokeWidth: 0.7, color: "#888888" },
        encoding: {
          ...at,
          detail: { field: "edge", type: "nominal" },
          order: { field: "order", type: "quantitative" },
        },
      },
      {
        data: { values: names },
        mark: { type: "text", fontSize: 11 },
        encoding: { ...at, text: { field: "text", type: "nominal" } },
      },
      {
        data: { values: hits },
        mark: { type: "circle", opacity: 0.5 },
        encoding: {
          ...at,
          size: { field: "size", type: "quantitative", scale: null, legend: null },
          color: {
            field: "energy",
            type: "quantitative",
            title: "Energy [50 GeV]",
            scale: { scheme: "viridis" },
          },
        },
      },
    ],
  });
}
