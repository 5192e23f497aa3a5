/** Every experiment at its smallest, for what trains all of them. @module */
import { join } from "@std/path";
import type { tf } from "../../../lib/engine/mod.ts";
import { findExperiment } from "../../../lib/experiments/registry.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import type { Data, Experiment, Options, OptionTable } from "../../../lib/run/experiment.ts";
import { optionsFor } from "../../../lib/run/options_for.ts";
import { SETS } from "./_reports.ts";

type Setting = (folder: string) => Promise<Record<string, unknown>>;

const given = (options: Record<string, unknown>): Setting => () => Promise.resolve(options);
const few = given({ events: 60, testEvents: 20 });

/** The smallest form of each experiment. */
const SMALLEST: Readonly<Record<string, Setting>> = {
  mnist: given({ model: "tutorial_cnn", validation: 20 }),
  fashion: given({ model: "tutorial_cnn", validation: 20 }),
  cygno: SETS.cygno,
  "cygno-energy": SETS.cygno,
  dcgan: given({ images: 64, measured: 256, filters: 2 }),
  capsnet: given({ validation: 20, filters: 8, capsules: 2 }),
  ecal: SETS.ecal,
  async images(folder) {
    const count = 80,
      side = 8,
      labels = { data: Int32Array.from({ length: count }, (_, i) => i % 2), shape: [count] };
    const slope = (i: number) => (i % side - 3.5) / 9 * (Math.floor(i / side ** 2) % 2 ? 1 : -1);
    const data = Float32Array.from(
      { length: count * side ** 2 },
      (_, i) => 0.5 + slope(i) + Math.sin(i * i) / 20,
    );
    const images = { data, shape: [count, side, side, 1] }, file = join(folder, "set.npz");
    await Deno.writeFile(file, encodeNpz({ images, labels }));
    return { data: file, axes: "nhwc", model: "tutorial_cnn" };
  },
  lenses: async (folder) => ({ ...await SETS.lenses(folder), shrink: 1 }),
  "supernemo-top": few,
  "supernemo-side": few,
  "supernemo-front": few,
  "supernemo-combined": few,
  "supernemo-3d": few,
  "supernemo-points": given({ events: 60, testEvents: 20, hits: 16 }),
  "supernemo-calorimeter": few,
  "supernemo-hint": few,
  "supernemo-clustering": few,
  "supernemo-vae": given({ kind: "plain", events: 60, testEvents: 20, filters: 4, latent: 4 }),
  "supernemo-instances": given({ events: 60, testEvents: 20, hits: 16 }),
};

/** An experiment and its options at its smallest, with what more is given; its data are made in a folder. */
export async function smallest(name: string, folder: string, more: Record<string, unknown>) {
  const experiment = findExperiment(name) as Experiment<OptionTable, Data>;
  const options = optionsFor(experiment, { ...await SMALLEST[name](folder), ...more }) as Options;
  return { experiment, options };
}

/** Has no layer draw anything. */
export function calm(layers: readonly tf.layers.Layer[]): void {
  for (const layer of layers) {
    const told = layer as unknown as { rate?: number; stddev?: number; layers?: tf.layers.Layer[] };
    if (told.rate !== undefined) told.rate = 0;
    if (told.stddev !== undefined) told.stddev = 0;
    calm(told.layers ?? []);
  }
}
