/** SuperNEMO's events as a simulator that the task knows. @module */
import { defineSimulator } from "../simulator.ts";
import { DRIFT_LAWS } from "./drift.ts";
import { writeSuperNemo } from "./set.ts";

/** `simulate supernemo`. */
export const superNemoSimulator = defineSimulator({
  name: "supernemo",
  summary: "Tracks in SuperNEMO's drift cells and the modules that they reach, as HDF5 or ROOT files",
  unit: "events",
  out: { path: "data/supernemo", help: "Folder; no file in it is overwritten." },
  options: {
    like: {
      type: "choice",
      choices: ["detector", "document"],
      default: "detector",
      help: "Two sides with all that is hard, or the published networks' own generator.",
    },
    drift: {
      type: "choice",
      choices: DRIFT_LAWS,
      default: "manchester",
      help: "Which of the experiment's laws of drift times the detector has.",
    },
    tracks: { type: "list", default: ["1", "2", "3", "4"], hint: "N,…", help: "Tracks an event." },
    files: { type: "integer", default: 1, min: 1, max: 1000, help: "Files for each number of tracks." },
    format: {
      type: "choice",
      choices: ["hdf5", "root"],
      default: "hdf5",
      help: "Columns with offsets, or a tree with the document's branches.",
    },
    events: { type: "integer", default: 2000, min: 1, max: 2_000_000, help: "Events in each file." },
  },
  examples: [
    "deno task simulate supernemo                                    # 2,000 events of 1, 2, 3 and 4 tracks",
    "deno task simulate supernemo --like document --files 10 --events 20000 --format root --out data/document",
  ],
  write(path, { like, tracks, files, events, format, drift }, context) {
    const settings = { law: like, tracks: tracks.map(Number), files, events, format, drift };
    return writeSuperNemo(path, settings, context);
  },
});
