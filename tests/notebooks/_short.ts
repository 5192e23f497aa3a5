/** Notebooks with less to do in each cell; tests/long runs them as they are. @module */
import { type Cell, type Notebook, sourceOf, splitLines } from "../../tasks/_notebooks.ts";

/** What a notebook says of how much it does and must have learned by then, once each, and less of it. */
const LESS: Readonly<Record<string, readonly (readonly [text: string, less: string])[]>> = {
  "cygno-1-train": [
    ["const EVENTS = 800;", "const EVENTS = 260;"],
    ["const TEST = 250;", "const TEST = 120;"],
    ["const EPOCHS = 50;", "const EPOCHS = 3;"],
    ["/ some.length < 1)", "/ some.length < 100)"],
    ["Math.min(...curves.validation) < 0.75", "Math.min(...curves.validation) < 100"],
    ["area.value > 0.6", "area.value > 0"],
    [
      "Math.min(...energyCurves.validation) < energyCurves",
      "Math.min(...energyCurves.validation) <= energyCurves",
    ],
    ["off.value < 8", "off.value < 100"],
    ["/cygno-notebook", "/cygno-notebook-short"],
  ],
  "cygno-2-deploy": [
    ["const EVENTS = 80;", "const EVENTS = 40;"],
    ["/cygno-notebook", "/cygno-notebook-short"],
  ],
  ecal: [
    ["const EVENTS = 2_000;", "const EVENTS = 500;"],
    ["watch = await sourceOf(1_200, 1_300)", "watch = await sourceOf(400, 450)"],
    [
      "sourceOf(0, 1_400), test = await sourceOf(1_400, EVENTS)",
      "sourceOf(0, 400), test = await sourceOf(400, EVENTS)",
    ],
    ["const EPOCHS = 6;", "const EPOCHS = 1;"],
    ["epochs: 20,", "epochs: 2,"],
    ["const TRIALS = 3;", "const TRIALS = 1;"],
    ["const SCAN_EPOCHS = 2;", "const SCAN_EPOCHS = 1;"],
  ],
  fashion: [
    ["const SAMPLE = 6_000;", "const SAMPLE = 1_000;"],
    ["const EPOCHS = 3;", "const EPOCHS = 1;"],
    ["batchLosses[0] / 2)", "batchLosses[0] * 100)"],
  ],
  lenses: [
    ["LENSES = 20, OTHERS = 100;", "LENSES = 20, OTHERS = 40;"],
    ["model.settings, epochs: 3,", "model.settings, epochs: 1,"],
    ["epochs: 4, copies: 5,", "epochs: 1, copies: 1,"],
    ["nIter: 3,", "nIter: 2,"],
    ["{ lenses: 2, others: 100 }", "{ lenses: 2, others: 30 }"],
  ],
  mnist: [
    ["const SAMPLE = 12_000;", "const SAMPLE = 2_000;"],
    ["const VALIDATION = 2_000;", "const VALIDATION = 500;"],
    ["const EPOCHS = 5;", "const EPOCHS = 2;"],
  ],
  search: [
    ["const TRIALS = 4;", "const TRIALS = 2;"],
    ["const EPOCHS = 2;", "const EPOCHS = 1;"],
  ],
  "supernemo-1-counting": [
    ["const EVENTS = 1_500;", "const EVENTS = 300;"],
    ["const EPOCHS = 5;", "const EPOCHS = 2;"],
  ],
  "supernemo-2-association-and-fits": [
    ["const EVENTS = 300;", "const EVENTS = 60;"],
    ["const LEARNED = 2_000;", "const LEARNED = 100;"],
    ["testEvents: 400, epochs: 3,", "testEvents: 60, epochs: 1,"],
  ],
  "supernemo-4-capsules-and-generators": [
    ["const DIGITS = 3_000;", "const DIGITS = 400;"],
    ["const EVENTS = 3_000;", "const EVENTS = 100;"],
    ["events: 400, testEvents: 100,", "events: 60, testEvents: 40,"],
    ["events: 300, testEvents: 100,", "events: 60, testEvents: 40,"],
    ["filters: 32, capsules: 4,", "filters: 8, capsules: 2,"],
    ["const EPOCHS = 4;", "const EPOCHS = 1;"],
  ],
  "supernemo-3-clustering": [
    ["const EVENTS = 4_000;", "const EVENTS = 200;"],
    ["const TEST = 500;", "const TEST = 60;"],
    ["const EPOCHS = 4;", "const EPOCHS = 1;"],
    ["const FEW = 400;", "const FEW = 60;"],
    ["const POINTED = 1_200;", "const POINTED = 60;"],
  ],
};

/**
 * A copy of a notebook that trains on less, for fewer epochs.
 *
 * @param notebook Left as it is.
 * @param name Of its file, without the ending.
 * @throws {Error} If it does not say once what is to be less.
 */
export function shortCopy(notebook: Notebook, name: string): Notebook {
  const edits = LESS[name] ?? [];
  for (const [text] of edits) {
    const found = notebook.cells.filter(isCode).map((cell) => sourceOf(cell).split(text).length - 1);
    const times = found.reduce((sum, count) => sum + count, 0);
    if (times !== 1) throw new Error(`Cannot shorten ${name} as it must say "${text}" once: got ${times}`);
  }
  const cells = notebook.cells.map((cell): Cell => {
    if (!isCode(cell)) return cell;
    const source = edits.reduce((code, [text, less]) => code.replace(text, less), sourceOf(cell));
    return { ...cell, source: splitLines(source) };
  });
  return { ...notebook, cells };
}

const isCode = (cell: Cell) => cell.cell_type === "code";
