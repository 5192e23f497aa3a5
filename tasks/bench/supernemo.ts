/** SuperNEMO's tracks by the Legendre transform, against the truth of simulated events. @module */
import { join } from "@std/path";
import { readSuperNemo } from "../../lib/data/supernemo.ts";
import type { Estimate } from "../../lib/evaluate/mod.ts";
import {
  type FitMeasurements,
  MATCH,
  measureFits,
  type MeasureFitsOptions,
} from "../../lib/experiments/supernemo/fit/measure_fits.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import { superNemoFileName, writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";
import { type BenchContext, type BenchRow, type BenchTable, chooseParts } from "./_bench.ts";

export const name = "supernemo";
export const summary =
  "SuperNEMO's tracker: tracks found by the Legendre transform, by what is known beforehand";

/** Events of each law, tracks of each event, and a seed that nothing was chosen by. */
const EVENTS = 2_000, TRACKS = 2, SEED = 77;

/** What a fit may be told of each track. */
const HINTS: readonly NonNullable<MeasureFitsOptions["hints"]>[] = ["none", "angle", "foil", "both"];

/** Runs the one part. */
export async function run({ folder, parts, say }: BenchContext): Promise<BenchTable[]> {
  chooseParts(parts, ["fits"]);
  const tables: BenchTable[] = [];
  for (const law of ["document", "detector"] as const) {
    say(`simulating ${EVENTS} events as the ${law} has them`);
    await writeSuperNemo(folder, { law, tracks: [TRACKS], events: EVENTS }, { seed: SEED, workers: 2 });
    const events = await readSuperNemo([join(folder, superNemoFileName(law, TRACKS, 0))]);
    const rows = Array.from({ length: EVENTS }, (_, i) => i);
    const measured = HINTS.map((hints) => ({ hints, fits: measureFits(events, rows, { hints }) }));
    tables.push(tableOf(law, measured));
  }
  return tables;
}

function tableOf(
  law: string,
  measured: readonly { hints: string; fits: FitMeasurements }[],
): BenchTable {
  const row = (what: string, unit: string, value: number): BenchRow => ({ what, unit, ours: [value] });
  const share = (what: string, { value }: Estimate) => row(what, "%", 100 * value);
  return {
    title: `Tracks fitted to ${EVENTS} events of ${TRACKS} tracks, the ${law}'s generator`,
    rows: measured.flatMap(({ hints, fits }) => {
      const told = hints === "none" ? "" : `, told ${hints === "both" ? "angle and foil" : hints}`;
      return [
        share(`tracks found${told}`, fits.efficiency),
        share(`events with all found${told}`, fits.allFound),
        share(`or their mirror images${told}`, fits.allFoundOrMirrored),
        share(`fits that are no track${told}`, fits.fakes),
        row(`a fit of an event${told}`, "ms", fits.millisecondsPerEvent),
      ];
    }),
    notes: [
      `Found: within ${MATCH.degrees}° and ${MATCH.mm} mm on the foil. Told: the true fifth of the angle, or of the foil.`,
      `95 % intervals of the tracks found: ${
        measured.map(({ hints, fits }) => `${hints} ${formatEstimate(fits.efficiency)}`).join(", ")
      }.`,
    ],
  };
}
