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
    events: { type: "integer", default: 10_000, min: 1, max: 10_000_000, help: "Pictures in each file." },
    compression: {
      type: "choice",
      choices: ["lzf", "gzip"],
      default: "lzf",
      help: "LZF as the published files very likely have it, or what every HDF5 library reads.",
    },
  },
  examples: [
    "deno task simulate ecal                             # 10,000 photons and 10,000 electrons",
    "deno task simulate ecal --events 249000 --out data/ecal # as many as published",
  ],
  write: (path, { events, compression }, context) => writeEcal(path, { events, compression }, context),
});
