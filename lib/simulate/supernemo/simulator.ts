/** SuperNEMO's events as a simulator that the task knows. @module */
import { defineSimulator } from "../simulator.ts";
import { writeSuperNemo } from "./set.ts";

/** `simulate supernemo`. */
export const superNemoSimulator = defineSimulator({
  name: "supernemo",
  summary: "Tracks in SuperNEMO's drift cells and the modules that they reach, as columns in HDF5 files",
  unit: "events",
  out: { path: "data/supernemo", help: "Folder; no file in it is overwritten." },
  options: {
    like: {
      type: "choice",
      choices: ["detector", "document"],
      default: "detector",
      help: "Two sides with all that is hard, or the published networks' own generator.",
    },
    tracks: { type: "list", default: ["1", "2", "3", "4"], hint: "N,…", help: "Tracks an event." },
    files: { type: "integer", default: 1, min: 1, max: 1000, help: "Files for each number of tracks." },
    events: { type: "integer", default: 2000, min: 1, max: 2_000_000, help: "Events in each file." },
  },
  examples: [
    "deno task simulate supernemo                                    # 2,000 events of 1, 2, 3 and 4 tracks",
    "deno task simulate supernemo --like document --files 10 --events 20000 --out data/document",
  ],
  write(path, { like, tracks, files, events }, context) {
    const settings = { law: like, tracks: tracks.map(Number), files, events };
    return writeSuperNemo(path, settings, context);
  },
});
