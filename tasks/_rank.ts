/** What `deno task score --top` does: one file of many examples in the order of a model's answer. @module */
import { writeDurably } from "../lib/base/durable_file.ts";
import { labelNext } from "../lib/evaluate/label_next.ts";
import { openFile } from "../lib/io/formats.ts";
import { renderPng, renderSvg } from "../lib/plot/render.ts";
import { contactSheet } from "../lib/run/contact_sheet.ts";
import { rankArray, type Ranking } from "../lib/score/rank.ts";
import type { Scorer } from "../lib/score/scorer.ts";
import type { ValueRange } from "../lib/score/value_range.ts";
import { CliError, type Output } from "./_cli.ts";

/** What of a ranking is wanted. */
export interface RankFileOptions {
  top: number;
  label?: string;
  range?: ValueRange;
  /** File of the contact sheet. */
  sheet?: string;
  /** How many examples to ask a person about. */
  labelNext?: number;
}

/** Ranks the examples of a file, prints the highest, and draws them; gives the exit code. */
export async function rankFile(
  scorer: Scorer,
  files: readonly string[],
  options: RankFileOptions,
  output: Output,
): Promise<number> {
  if (files.length !== 1) throw new CliError(`--top ranks one file: got ${files.length}`);
  const { top, label, range, sheet } = options;
  if (sheet !== undefined && !/\.(png|svg)$/i.test(sheet)) {
    throw new CliError(`Cannot draw "${sheet}" as it must be a .png or .svg`);
  }
  const file = await openFile(files[0]);
  try {
    const array = file.arrays.find(({ shape }) => shape.length > 2) ?? file.arrays[0];
    if (!array) throw new CliError(`"${files[0]}" holds no array of numbers`);
    const bar = output.progress("scoring", array.shape[0], { unit: "examples" });
    const ranking = await rankArray(scorer, array, { label, range, onProgress: (done) => bar.update(done) })
      .finally(() => bar.end());
    if (ranking.order.length === 0) {
      throw new CliError(`None of ${array.shape[0]} examples could be scored: ${ranking.reason}`);
    }
    output.table("ranked", rowsOf(ranking, Array.from(ranking.order.subarray(0, top))));
    if (options.labelNext !== undefined) {
      output.say(`\nTo label next, as their labels would tell most:`);
      const next = labelNext([ranking.scores], options.labelNext);
      output.table(
        "labelNext",
        next.map(({ index, information }) => ({
          ...rowsOf(ranking, [index])[0],
          bits: Number(information.toFixed(3)),
        })),
      );
    }
    if (sheet !== undefined) {
      const drawn = await contactSheet(array, ranking, { count: Math.min(top, MOST_DRAWN) });
      const bytes = /\.svg$/i.test(sheet) ? await renderSvg(drawn) : await renderPng(drawn);
      await writeDurably(sheet, bytes);
      output.say(`The highest are drawn in ${sheet}`);
    }
    if (ranking.failed === 0) return 0;
    console.error(`${ranking.failed} of ${ranking.scores.length} could not be scored: ${ranking.reason}`);
    return 1;
  } finally {
    file.close();
  }
}

/** Most pictures of a sheet. */
const MOST_DRAWN = 300;

function rowsOf({ scores, of }: Ranking, rows: readonly number[]): Record<string, unknown>[] {
  return rows.map((row) => ({ example: row, [of]: Number(scores[row].toPrecision(6)) }));
}
