/** The calorimeter's pictures as a simulator that the task knows. @module */
import { defineSimulator } from "../simulator.ts";
import { writeEcal } from "./set.ts";

/** `simulate ecal`. */
export const ecalSimulator = defineSimulator({
  name: "ecal",
  summary: "Electrons and photons of pT 50 GeV in 32 × 32 crystals, energy and time, as two HDF5 files",
  unit: "pictures",
  out: { path: "data/ecal", help: "Folder; no file in it is overwritten." },
  options: {
    events: { type: "integer", default: 10_000, min: 1, max: 100_000, help: "Pictures in each file." },
    gzip: { type: "integer", default: 1, min: 1, max: 9, help: "How hard the files are packed." },
  },
  examples: [
    "deno task simulate ecal                             # 10,000 photons and 10,000 electrons",
    "deno task simulate ecal --events 50000 --seed 7 --out data/ecal7",
  ],
  write: (path, { events, gzip }, context) => writeEcal(path, { events, gzip }, context),
});
