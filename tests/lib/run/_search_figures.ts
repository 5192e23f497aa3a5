/**
 * The charts of a study of which everything is known. `search_figures.jsonl` keeps what they were when somebody last
 * looked at them. Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/run/_search_figures.ts
 * ```
 * @module
 */
import { searchFigures } from "../../../lib/run/search_report.ts";
import { search } from "../../../lib/search/search.ts";
import type { Params } from "../../../lib/search/space.ts";
import type { Study } from "../../../lib/search/study.ts";
import { writeKept } from "../../kept.ts";

const SPACE = {
  rate: { low: 0.01, high: 1, log: true, float: true },
  units: { low: 1, high: 9 },
  kind: ["a", "b"],
};

/** What a trial gives: less than 2 units are an error. */
export const lossOf = ({ rate, units, kind }: Params) =>
  Math.log10(Number(rate)) ** 2 + Number(units) / 10 + (kind === "a" ? 0 : 0.5);

/** Twenty trials of two objectives: a loss that is to be low and a speed that is to be high, with reports of three epochs. */
export async function studyOf(folder: string, trials = 20): Promise<Study> {
  const { study } = await search(SPACE, async (params, trial) => {
    if (Number(params.units) < 2) throw new RangeError("too few units");
    for (let epoch = 1; epoch <= 3; epoch++) {
      await trial.report(epoch, { loss: lossOf(params) + 1 / epoch, rate: 0.1 });
    }
    return [lossOf(params), 10 - Number(params.units)];
  }, {
    folder,
    trials,
    sampler: "random",
    seed: 4,
    objectives: ["loss", "speed"],
    direction: ["minimize", "maximize"],
  });
  return study;
}

/** Where they are kept: a line a chart. */
export const KEPT = new URL("search_figures.jsonl", import.meta.url);

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  const figures = searchFigures(await studyOf(folder));
  await writeKept(KEPT, Object.entries(figures).map(([name, spec]) => ({ name, spec })));
  await Deno.remove(folder, { recursive: true });
}
