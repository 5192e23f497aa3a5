/** Pictures of calorimeter images: energies and times side by side, means, hits in space and time, movies. @module */
import { ECAL_KINDS } from "../../data/ecal.ts";
import type { SparseImages } from "../../data/sparse_images.ts";
import * as plot from "../../plot/mod.ts";
import type { Figure } from "../../run/experiment.ts";
import { type EcalData, spread } from "./data.ts";
import { showerMovie, showerPlayer } from "./movie.ts";
import { plotSpaceTime, spaceTimePage } from "./space_time.ts";

const SIDE = 32, PIXELS = SIDE * SIDE;
/** Images of a mean. */
const AVERAGED = 2000;
/** Times are drawn to this much early and late, in the files' 50 ns: 5 ns. */
const SHOWN_TIME = 0.1;
const TIME_BAR: plot.ColorBar = { name: "time", low: "−5 ns", high: "5 ns" };

/** Energies of images on a logarithmic scale, [n, 32, 32] of [n, 32, 32, 2]: linear up to a thousandth of 50 GeV. */
export function logEnergies(images: Float32Array): Float32Array {
  return Float32Array.from({ length: images.length / 2 }, (_, i) => Math.asinh(images[2 * i] / 1e-3));
}

/** One channel of images, [n, 32, 32]. */
function channelOf(images: Float32Array, channel: 0 | 1): Float32Array {
  return Float32Array.from({ length: images.length / 2 }, (_, i) => images[2 * i + channel]);
}

/** Share of the images in which a crystal must be hit to have a mean time. */
const LEAST_HITS = 0.03;

/** Mean of some images, [32, 32, 2]; the time is the mean of the hits, and 0 where they are few. */
export function meanImage(images: SparseImages, rows: ArrayLike<number>): Float32Array {
  const mean = new Float32Array(2 * PIXELS), hits = new Float32Array(PIXELS);
  for (let i = 0; i < rows.length; i++) {
    const { data } = images.read([rows[i]]);
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      if (data[2 * pixel] === 0) continue;
      mean[2 * pixel] += data[2 * pixel] / rows.length;
      mean[2 * pixel + 1] += data[2 * pixel + 1];
      hits[pixel]++;
    }
  }
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const isSeldom = hits[pixel] < LEAST_HITS * rows.length || hits[pixel] === 0;
    mean[2 * pixel + 1] = isSeldom ? 0 : mean[2 * pixel + 1] / hits[pixel];
  }
  return mean;
}

/** What the shades of energies stand for that go up to the most of some logarithmic ones. */
export function energyBar(most: number): plot.ColorBar {
  const gev = 50e-3 * Math.sinh(most);
  return { name: "energy", low: "0", high: `${gev.toPrecision(2)} GeV (logarithmic)` };
}

/** Side of a picture's pixel. */
export const SCALE_BAR: plot.ScaleBar = { units: "crystals" };

/** Numbers of some images of one kind, evenly spread. */
function rowsOfKind(labels: Int32Array, label: number, most: number): number[] {
  const own = Array.from(labels, (_, i) => i).filter((i) => labels[i] === label);
  return Array.from(spread(own.length, most), (i) => own[i]);
}

/** Energies and times of some images, side by side: energies in a row, times below. */
function gridOf(images: Float32Array, captions: readonly string[], title: string) {
  const count = captions.length, times = channelOf(images, 1);
  // Half grey where the time is 0 or nothing was read out.
  const shades = times.map((time) => Math.max(0, Math.min(1, 0.5 + time / (2 * SHOWN_TIME))));
  const energies = logEnergies(images), most = energies.reduce((a, b) => Math.max(a, b), 0);
  const all = new Float32Array(2 * energies.length);
  energies.forEach((energy, i) => all[i] = most > 0 ? energy / most : 0);
  all.set(shades, energies.length);
  const pictures = plot.picturesOf(all, [2 * count, SIDE, SIDE]);
  return plot.plotImageGrid(pictures, {
    captions: [
      ...captions.map((caption) => `${caption}\nenergy`),
      ...captions.map((caption) => `${caption}\ntime`),
    ],
    columns: count,
    limit: 2 * count,
    size: 130,
    low: 0,
    high: 1,
    palette: "heat",
    title,
    scaleBar: SCALE_BAR,
    colorBar: [energyBar(most), TIME_BAR],
  });
}

/** Images whose mean unfolds in time. */
interface Film {
  name: string;
  images: readonly Float32Array[];
  title: string;
}

/** Each film as a GIF and as a page with a player. */
async function movieFigures(films: readonly Film[]): Promise<Figure[]> {
  const movies = await Promise.all(films.map(async ({ name, images, title }): Promise<Figure[]> => [
    {
      name: `movie_${name}`,
      section: "Movies",
      caption: `${title}: energy that came until each time, in units of 50 GeV.`,
      gif: await showerMovie(images, { title }),
    },
    {
      name: `player_${name}`,
      section: "Movies",
      caption: `${title}, to be played and stopped`,
      html: showerPlayer(images, { title }),
    },
  ]));
  return movies.flat();
}

/** Single images and means of each kind, energies above times. */
function imageFigures(
  images: SparseImages,
  kinds: readonly { kind: string; rows: readonly number[] }[],
  singles: readonly { kind: string; row: number }[],
): Figure[] {
  const means = new Float32Array(kinds.length * 2 * PIXELS);
  kinds.forEach(({ rows }, i) => means.set(meanImage(images, rows), i * 2 * PIXELS));
  return [
    {
      name: "images",
      section: "Data",
      caption: "Energies on a logarithmic scale, and times from 5 ns early, black, to 5 ns late, pale.",
      spec: gridOf(
        images.read(singles.map(({ row }) => row)).data,
        singles.map(({ kind }) => kind),
        "Single images",
      ),
    },
    {
      name: "mean_images",
      section: "Data",
      caption: `Means of up to ${AVERAGED} images of each kind; times where a crystal is hit often enough.`,
      spec: gridOf(means, kinds.map(({ kind }) => kind), "Mean images"),
    },
  ];
}

/** The hits of one image in space and time, drawn and to be turned. */
function spaceTimeFigures(event: Float32Array, kind: string): Figure[] {
  const title = `A ${kind} in space and time`;
  return [
    {
      name: "space_time",
      section: "Data",
      caption: "The hits of one image in space and time; the size is the energy.",
      spec: plotSpaceTime(event, { title }),
    },
    {
      name: "space_time_turnable",
      section: "Data",
      caption: "The same hits, to be turned",
      html: spaceTimePage(event, { title }),
    },
  ];
}

/** The figures that show the data. */
export async function dataFigures({ parts: { train }, shapes }: EcalData): Promise<Figure[]> {
  const { images, labels } = train;
  const kinds = ECAL_KINDS.map((kind, label) => ({ kind, rows: rowsOfKind(labels, label, AVERAGED) }))
    .filter(({ rows }) => rows.length > 0);
  const singles = kinds.flatMap(({ kind, rows }) =>
    [0, 1].filter((i) => i < rows.length).map((i) => ({ kind, row: rows[i] }))
  );
  const [{ kind, row }] = singles, event = images.read([row]).data;
  const films = [
    { name: "event", images: [event], title: `A ${kind}` },
    ...kinds.map(({ kind, rows }) => ({
      name: kind,
      images: rows.slice(0, 500).map((row) => images.read([row]).data),
      title: `Mean ${kind}`,
    })),
  ];
  const energySums = plot.plotHistogram(shapes.train.map(([sum]) => sum), {
    groups: shapes.trainLabels,
    groupNames: [...ECAL_KINDS],
    xTitle: "Sum of energies [50 GeV]",
    bins: 40,
    range: [0.6, 2],
  });
  return [
    ...imageFigures(images, kinds, singles),
    { name: "energy_sums", section: "Data", spec: energySums },
    ...spaceTimeFigures(event, kind),
    ...await movieFigures(films),
  ];
}
