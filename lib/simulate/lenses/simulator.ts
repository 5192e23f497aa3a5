/** Pictures of gravitational lenses as a simulator that the task knows. @module */
import { defineSimulator } from "../simulator.ts";
import { writeLenses } from "./set.ts";

/** `simulate lenses`. */
export const lensesSimulator = defineSimulator({
  name: "lenses",
  summary: "Gravitational lenses and all else that a search for them meets, in g, r and i, as two .npy files",
  unit: "pictures",
  out: { path: "data/lenses", help: "Folder; no file in it is overwritten." },
  options: {
    lenses: { type: "integer", default: 20, min: 1, max: 1_000_000, help: "Pictures in lenses.npy." },
    others: { type: "integer", default: 500, min: 1, max: 1_000_000, help: "Pictures in other.npy." },
  },
  examples: [
    "deno task simulate lenses                     # 20 lenses and 500 others, as the document has them",
    "deno task simulate lenses --lenses 500 --others 5000 --seed 7 --out data/lenses_test",
  ],
  write: (path, { lenses, others }, context) => writeLenses(path, { lenses, others }, context),
});
