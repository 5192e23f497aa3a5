/** Sorted events as pictures, the truth above what the network says, and its numbers beside the baselines'. @module */
import type { CardMetric } from "../../card/mod.ts";
import { LABEL_COLORS } from "../../card/outputs/mask.ts";
import { mapCell } from "../../image/tracker_views.ts";
import { TRACKER_CELLS } from "../../image/tracker_events.ts";
import { type DrawnEstimate, type Picture, plotEstimates, plotImageGrid, type Spec } from "../../plot/mod.ts";
import type { FigureFrame } from "../../run/experiment.ts";
import { CELLS } from "../supernemo/maps.ts";
import { type DrawnEvents, type SortedCell, sortedCell } from "./sorted_cell.ts";

/** A figure that is a chart. */
export type Chart = FigureFrame & { spec: Spec };

type Color = readonly [red: number, green: number, blue: number];

const EMPTY: Color = [255, 255, 255];
/** Of hits that stay and go, both rightly; that are lost, and left. */
const SORTED_COLORS = {
  stays: [0, 158, 115],
  goes: [187, 187, 187],
  lost: [213, 94, 0],
  left: [86, 180, 233],
} as const satisfies Record<SortedCell, Color>;

const { layers: LAYERS, columns: COLUMNS } = TRACKER_CELLS;
/** Layers of the gap between two pictures. */
const GAP = 2;

/** Maps over each other, seen from above, each cell coloured. */
function drawMaps(maps: readonly ((cell: number) => Color)[]): Picture {
  const height = maps.length * LAYERS + (maps.length - 1) * GAP, data = new Uint8Array(height * COLUMNS * 3);
  for (let row = 0; row < height; row++) {
    const map = Math.floor(row / (LAYERS + GAP)), layer = row % (LAYERS + GAP);
    for (let column = 0; column < COLUMNS; column++) {
      const color = layer < LAYERS ? maps[map](mapCell(layer, column)) : [120, 120, 120];
      data.set(color, (row * COLUMNS + column) * 3);
    }
  }
  return { data, height, width: COLUMNS, channels: 3 };
}

/** Events shown. */
const SHOWN = 12;

const gridOf = (name: string, caption: string, pictures: Picture[]): Chart => ({
  name,
  section: "Test events",
  caption,
  spec: plotImageGrid(pictures, { columns: 2, size: 339, low: 0, high: 255 }),
});

/** The first events sorted, cell by cell. */
export function sortedFigure(
  values: ArrayLike<number>,
  events: DrawnEvents,
  threshold: number,
  collapse?: string,
): Chart {
  const shown = Math.min(SHOWN, events.truth.length / CELLS);
  const pictures = Array.from({ length: shown }, (_, event) =>
    drawMaps([(cell) => {
      const sorted = sortedCell(values, events, threshold, event * CELLS + cell);
      return sorted ? SORTED_COLORS[sorted] : EMPTY;
    }]));
  return gridOf(
    "sorted_events",
    `${
      collapse ? `The network has collapsed: it ${collapse}. ` : ""
    }Some events from above, the foil on top: green hits stay ` +
      `and grey ones go, both rightly; red ones are lost, blue ones are left.`,
    pictures,
  );
}

/** The first events, each cell in the colour of its track: as it was above, as the network says below. */
export function tracksFigure(truth: ArrayLike<number>, given: ArrayLike<number>, events: number): Chart {
  const pictures = Array.from({ length: Math.min(SHOWN, events) }, (_, event) => {
    const colored = (tracks: ArrayLike<number>) => (cell: number) => {
      const track = tracks[event * CELLS + cell];
      return track === 0 ? EMPTY : LABEL_COLORS[track - 1];
    };
    return drawMaps([colored(truth), colored(given)]);
  });
  return gridOf(
    "tracks",
    "Some events from above, the foil on top: a colour a track, as they were over what the network says. Colours mean nothing between the two.",
    pictures,
  );
}

/** Metrics beside what they are compared with, as points with intervals. */
export function estimatesFigure(
  metrics: Readonly<Record<string, CardMetric>>,
  names: readonly string[],
): Chart {
  const rows = names.filter((name) => name in metrics).flatMap((name): DrawnEstimate[] => {
    const { baseline, ...estimate } = metrics[name];
    const theirs = baseline && { value: baseline.value, low: baseline.value, high: baseline.value };
    return [
      { group: name, series: "network", estimate },
      ...theirs ? [{ group: name, series: baseline.name, estimate: theirs }] : [],
    ];
  });
  return { name: "numbers", section: "Test events", spec: plotEstimates(rows, { yTitle: "Share" }) };
}
