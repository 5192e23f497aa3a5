/**
 * Augmentation beforehand: 20 lenses 25 times over, as the document does it, against pyBIA's own steps and albumentations.
 * @module
 */
import { augmentPybia, type PybiaOptions } from "../../lib/augment/mod.ts";
import { createRng } from "../../lib/base/rng.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  memoryBeside,
  Peer,
} from "./_bench.ts";

export const name = "augment";
export const summary = "Augmenting 20 lenses 25 times over, against pyBIA's steps and albumentations";

const LENSES = 20, COPIES = 25, SIDE = 100, BANDS = 3;

/** Steps that albumentations has too. */
const SHARED: PybiaOptions = {
  batch: COPIES,
  widthShift: 10,
  heightShift: 10,
  vertical: true,
  horizontal: true,
  rotation: true,
  zoomRange: [0.9, 1.1],
  imageSize: 67,
};
/** The document's, with its circles. */
const DOCUMENT: PybiaOptions = { ...SHARED, maskSize: 5, numMasks: 5 };

/** Runs the bench; it has no parts. */
export async function run({ rounds, need }: BenchContext): Promise<BenchTable[]> {
  await using python = new Peer(need("albumentations"), [
    new URL("./peers/augment_lenses.py", import.meta.url).pathname,
  ]);
  const rng = createRng(1), shape = [LENSES, SIDE, SIDE, BANDS];
  const data = Float32Array.from({ length: LENSES * SIDE * SIDE * BANDS }, () => 10 * rng());
  const ours = (options: PybiaOptions) => () => {
    const start = performance.now();
    augmentPybia({ data, shape }, options, rng);
    return LENSES * COPIES / ((performance.now() - start) / 1000);
  };
  const theirs = (way: string) => async () => LENSES * COPIES / (await python.ask({ way })).seconds;
  const rows: BenchRow[] = [];
  const cases = [
    { what: "the document's steps", peer: "pyBIA's steps", way: "pybia", bar: 30, options: DOCUMENT },
    {
      what: "the same with pyBIA's faults",
      peer: "pyBIA's steps",
      way: "pybia",
      options: { ...DOCUMENT, mode: "pybia" },
    },
    { what: "the steps of both", peer: "albumentations", way: "albumentations", bar: 1.5, options: SHARED },
  ] as const;
  for (const { options, way, ...row } of cases) {
    for (let i = 0; i < 3; i++) ours(options)(); // compiled before the clock runs
    await theirs(way)();
    const values = await alternate(rounds, { ours: ours(options), theirs: theirs(way) });
    rows.push({ ...row, unit: "images/s", better: "higher", ...values, memory: memoryBeside(python) });
  }
  return [{
    title: "20 lenses of 100 × 100 × 3, each 25 times, cut to 67 × 67",
    rows,
    notes: [
      "pyBIA's steps are its calls of SciPy and NumPy, a band at a time, without Keras' iterator around them, which " +
      "makes pyBIA itself slower still. All sides on one thread.",
    ],
  }];
}
