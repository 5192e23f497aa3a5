/**
 * The movie of a shower: energies that came until each time, 864 × 576 pixels, 20 frames of 200 ms, zeros white, one scale.
 *
 * Source: the document's GIFs, figures of 12 × 8 inches at 72 dots an inch. @module
 */
import { parsePreprocessing, preprocess } from "../../image/preprocessing/mod.ts";
import { encodeGif } from "../../io/gif.ts";
import { decodePng } from "../../io/png.ts";
import { escapeHtml, moviePlayerHtml, svgToPng, viridis } from "../../plot/mod.ts";

/** Options for {@linkcode showerMovie}. */
export interface ShowerMovieOptions {
  /** What stands above, before the time. @default {""} */
  title?: string;
}

const WIDTH = 864, HEIGHT = 576, FRAMES = 20, DELAY_MS = 200;
const SIDE = 32, MAGNIFIED = 14, LEFT = 168, TOP = 72, IMAGE = SIDE * MAGNIFIED;
/** Height of the head of a frame. */
const CAPTION = 64;
const BAR = { left: LEFT + IMAGE + 36, width: 24 };
/** The document's window of time and length of a frame, in the files' 50 ns. */
const WINDOW = { minTime: -0.1, maxTime: 0.1, step: 0.0099 };
/** Entries of the palette: white for zero, colours between, black for letters. */
const WHITE = 0, FIRST = 1, LAST = 254, INK = 255;

const PALETTE = Array.from({ length: 256 }, (_, index): readonly [number, number, number] => {
  if (index === WHITE) return [255, 255, 255];
  if (index === INK) return [0, 0, 0];
  return viridis((index - FIRST) / (LAST - FIRST));
});

/**
 * Draws the movie of one image, or of the mean of several.
 *
 * Each frame holds what came until its end, as the document's cumulative frames do.
 *
 * @param images [32, 32, (energy, time)] each.
 * @returns A GIF file's bytes.
 * @throws {RangeError} If there is no image.
 */
export async function showerMovie(
  images: readonly Float32Array[],
  options: ShowerMovieOptions = {},
): Promise<Uint8Array> {
  if (images.length === 0) throw new RangeError("Cannot draw the movie of a shower as there is no image");
  const { title = "" } = options, energies = meanFrames(images), captions = captionsOf(title);
  const most = energies.reduce((largest, energy) => Math.max(largest, energy), 0);
  const around = await lettersOf(frameSvg(most)), heads = await lettersOf(captionsSvg(captions));
  const frames = captions.map((_, frame) => {
    const data = around.slice(), head = CAPTION * WIDTH;
    data.set(heads.subarray(frame * head, (frame + 1) * head));
    paintEnergies(data, energies.subarray(frame * SIDE * SIDE, (frame + 1) * SIDE * SIDE), most);
    return { data, height: HEIGHT, width: WIDTH };
  });
  return encodeGif(frames, { delayMs: DELAY_MS, palette: PALETTE });
}

/**
 * The same movie as a page that plays it: a button, and a slider through the frames.
 *
 * @throws {RangeError} If there is no image.
 */
export function showerPlayer(images: readonly Float32Array[], options: ShowerMovieOptions = {}): string {
  if (images.length === 0) throw new RangeError("Cannot play the movie of a shower as there is no image");
  const { title = "A shower" } = options;
  return moviePlayerHtml(meanFrames(images), [FRAMES, SIDE, SIDE], {
    title,
    captions: captionsOf(title),
    delayMs: DELAY_MS,
    valueTitle: "energy that came until each time [50 GeV]",
  });
}

function captionsOf(title: string): string[] {
  return Array.from({ length: FRAMES }, (_, frame) => {
    const low = WINDOW.minTime + frame * WINDOW.step;
    return `${title}, t from ${low.toFixed(4)} to ${(low + WINDOW.step).toFixed(4)}`;
  });
}

/** Mean energy of each crystal in each frame, [20, 32, 32]. */
function meanFrames(images: readonly Float32Array[]): Float32Array {
  const steps = parsePreprocessing([
    { op: "timeOrder", ...WINDOW, cumulative: true, channels: "energy", like: "document" },
  ]);
  const mean = new Float32Array(FRAMES * SIDE * SIDE);
  for (const data of images) {
    const frames = preprocess(steps, { data, shape: [SIDE, SIDE, 2] }, { white: 1 }).data;
    for (let i = 0; i < mean.length; i++) mean[i] += frames[i] / images.length;
  }
  return mean;
}

/** Letters and lines of a picture as entries of the palette. */
async function lettersOf(svg: string): Promise<Uint8Array> {
  const { data, channels } = decodePng(await svgToPng(svg, 1));
  return Uint8Array.from(
    { length: data.length / channels },
    (_, i) => data[i * channels] < 128 ? INK : WHITE,
  );
}

function paintEnergies(onto: Uint8Array, energies: Float32Array, most: number): void {
  const shade = (share: number) => FIRST + Math.round(Math.min(1, share) * (LAST - FIRST));
  for (let y = 0; y < IMAGE; y++) {
    const row = Math.floor(y / MAGNIFIED) * SIDE, line = (TOP + y) * WIDTH;
    for (let x = 0; x < IMAGE; x++) {
      const energy = energies[row + Math.floor(x / MAGNIFIED)];
      if (energy > 0) onto[line + LEFT + x] = shade(energy / most);
    }
    onto.fill(shade(1 - y / (IMAGE - 1)), line + BAR.left, line + BAR.left + BAR.width);
  }
}

const text = (x: number, y: number, words: string, anchor = "middle", size = 14) =>
  `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}">${escapeHtml(words)}</text>`;

const svgOf = (inner: string, height: number) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="DejaVu Sans">` +
  `<rect width="${WIDTH}" height="${height}" fill="white"/>${inner}</svg>`;

/** The heads of all frames, one below the other: loading the font takes longer than drawing. */
function captionsSvg(captions: readonly string[]): string {
  const lines = captions.map((caption, i) => text(LEFT + IMAGE / 2, i * CAPTION + 48, caption, "middle", 17));
  return svgOf(lines.join(""), CAPTION * captions.length);
}

/** Axes, and the scale of energies, which is the same in all frames. */
function frameSvg(most: number): string {
  const box = (left: number, width: number) =>
    `<rect x="${left - 0.5}" y="${TOP - 0.5}" width="${width + 1}" height="${
      IMAGE + 1
    }" fill="none" stroke="black"/>`;
  const ticks = [0, 8, 16, 24, 31].map((crystal) => {
    const middle = (crystal + 0.5) * MAGNIFIED;
    return text(LEFT + middle, TOP + IMAGE + 20, String(crystal)) +
      text(LEFT - 10, TOP + middle + 5, String(crystal), "end");
  });
  const scale = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    text(BAR.left + BAR.width + 8, TOP + (1 - share) * IMAGE + 5, (share * most).toPrecision(2), "start")
  );
  return svgOf([box(LEFT, IMAGE), box(BAR.left, BAR.width), ...ticks, ...scale].join(""), HEIGHT);
}
