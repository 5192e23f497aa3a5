/**
 * `deno task simulate cygno`: writes a set of simulated detector images in the experiment's own format. @module
 */
import type { Nucleus } from "../lib/simulate/he_cf4.ts";
import { SET_ENERGIES, type SetSettings, writeSet } from "../lib/simulate/cygno_set.ts";
import {
  CliError,
  createOutput,
  formatSeconds,
  interruptible,
  JSON_OPTION,
  readOptions,
  runTask,
} from "./_cli.ts";

const OPTIONS = {
  events: { type: "integer", default: 2000, min: 1, help: "Events, nuclear and electron recoils in turn." },
  seed: { type: "integer", default: 1, min: 0, help: "The same seed gives the same bytes." },
  out: {
    type: "string",
    default: "data/cygno/training_set.zip",
    hint: "PATH",
    help: "Zip file (ends in .zip) or folder; nothing is overwritten.",
  },
  energies: { type: "list", default: SET_ENERGIES.map(String), hint: "KEV,…", help: "Whole keV." },
  nuclei: {
    type: "list",
    default: ["He"],
    choices: ["He", "C", "F"],
    help: "Which nuclei recoil, by their share of the gas.",
  },
  daq: { type: "boolean", help: "Unlabelled events, event_<id>.png, as the data acquisition sends them." },
  workers: { type: "integer", min: 1, max: 256, help: "Threads; one a core unless given." },
  json: JSON_OPTION,
} as const;

/** Runs the task; the exit code. */
export function main(args: string[]): Promise<number> {
  return runTask(async () => {
    const { options, words: [what = "cygno"] } = readOptions(args, OPTIONS, {
      usage: "deno task simulate [WHAT] [options]",
      summary:
        "Simulates recoils in CYGNO's gas detector. The truth goes beside the images, in <out>.truth.csv.",
      examples: [
        "deno task simulate cygno --events 2000 --out data/training_set.zip # what the course downloads",
        "deno task simulate cygno --events 20 --daq --seed 7 --out data/daq # unlabelled events in a folder",
      ],
      words: [0, 1],
    });
    if (what !== "cygno") throw new CliError(`Unknown simulation "${what}": cygno is the one there is`);
    const settings: SetSettings = {
      events: options.events,
      seed: options.seed,
      energiesKeV: options.energies.map((text) => {
        const keV = Number(text);
        if (!Number.isInteger(keV) || keV < 1 || keV > 200) {
          throw new CliError(`Option --energies needs whole keV from 1 to 200: got "${text}"`);
        }
        return keV;
      }),
      nuclei: options.nuclei as Nucleus[],
      daq: options.daq,
    };
    const output = createOutput(options);
    const start = performance.now();
    const progress = output.progress("simulate", options.events, { unit: "events" });
    const { truth } = await interruptible((signal) =>
      writeSet(options.out, settings, {
        workers: options.workers,
        signal,
        onEvent: (done) => progress.update(done),
      })
    ).finally(() => progress.end());
    const seconds = (performance.now() - start) / 1000;
    output.record(
      "simulated",
      { out: options.out, truth, events: options.events, seconds },
      `${options.events} events in ${options.out}, the truth in ${truth} (${formatSeconds(seconds)})`,
    );
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
