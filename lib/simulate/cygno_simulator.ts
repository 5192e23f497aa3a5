/** CYGNO's recoils as a simulator that the task knows. @module */
import type { Nucleus } from "./he_cf4.ts";
import { SET_ENERGIES, writeSet } from "./cygno_set.ts";
import { defineSimulator, type Simulator } from "./simulator.ts";

const simulator = defineSimulator({
  name: "cygno",
  summary: "Recoils in CYGNO's gas detector, the truth beside the pictures in PATH.truth.csv",
  unit: "events",
  out: {
    path: "data/cygno/training_set.zip",
    help: "Zip file (ends in .zip) or folder; nothing is overwritten.",
  },
  options: {
    events: {
      type: "integer",
      default: 2000,
      min: 1,
      help: "Events, nuclear and electron recoils in turn.",
    },
    energies: { type: "list", default: SET_ENERGIES.map(String), hint: "KEV,…", help: "Whole keV." },
    nuclei: {
      type: "list",
      default: ["He"],
      choices: ["He", "C", "F"],
      help: "Which nuclei recoil, by their share of the gas.",
    },
    daq: { type: "boolean", help: "Unlabelled events, event_<id>.png, as the data acquisition sends them." },
  },
  examples: [
    "deno task simulate cygno --events 2000 --out data/training_set.zip # what the course downloads",
    "deno task simulate cygno --events 20 --daq --seed 7 --out data/daq # unlabelled events in a folder",
  ],
  async write(path, { events, energies, nuclei, daq }, { seed, workers, signal, onProgress }) {
    const energiesKeV = energies.map((text) => {
      const keV = Number(text);
      if (Number.isInteger(keV) && keV >= 1 && keV <= 200) return keV;
      throw new RangeError(
        `Cannot simulate a set as energies must be whole keV from 1 to 200: got "${text}"`,
      );
    });
    const settings = { events, seed, energiesKeV, nuclei: nuclei as Nucleus[], daq };
    const { truth } = await writeSet(path, settings, { workers, signal, onEvent: onProgress });
    return { files: [path, truth], events };
  },
});

/** `simulate cygno`. */
export const cygnoSimulator: Simulator = simulator;
