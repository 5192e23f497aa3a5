/** `deno task search worker FOLDER`: runs trials of a study until none is left; started by executors. @module */
import { createPruner } from "../../lib/search/pruners/registry.ts";
import { MADE_ROOM } from "../../lib/search/executors/slurm.ts";
import { runTrials } from "../../lib/search/run_trials.ts";
import { createSampler } from "../../lib/search/samplers/registry.ts";
import { openStudy } from "../../lib/search/study.ts";
import { failureOf } from "../../lib/search/trial.ts";
import type { OptionTable } from "../_cli.ts";
import { readOptions } from "../_cli.ts";
import { createObjective, importSpace, settingsOf } from "./_objective.ts";

const OPTIONS = {
  job: { type: "string", hint: "ID", help: "The batch system's job, for the study's records." },
  timeLimit: { type: "number", min: 0, hint: "SECONDS", help: "Start no trial after so long." },
  threads: { type: "integer", min: 1, hint: "N", help: "Threads of this worker (default: all processors)." },
  idle: {
    type: "number",
    default: 2,
    min: 0.01,
    hint: "SECONDS",
    help: "Longest pause between looks for work.",
  },
} as const satisfies OptionTable;

/** The exit code of a worker that was asked to stop, as shells have it for SIGTERM. */
const STOPPED = 143;

/** Runs a worker; gives its exit code. */
export async function runWorker(args: readonly string[]): Promise<number> {
  const { options, words: [folder] } = readOptions(args, OPTIONS, {
    usage: "deno task search worker FOLDER",
    summary: "Runs trials of a study until none is left. Executors start it; so may you, on any machine.",
    examples: ["deno task search worker runs/search/mnist"],
    words: [1, 1],
  });
  const log = (line: string) => console.log(`${new Date().toISOString().slice(0, 19)}Z ${line}`);
  const opened = openStudy(folder);
  const { spaceModule, seeds, trialTimeoutMs, target } = settingsOf(opened.spec);
  const space = spaceModule ? await importSpace(spaceModule) : undefined;
  const study = openStudy(folder, { job: options.job, space });
  const { spec } = study;
  const { signal, codeOf, close } = listenForSignals();
  const { objective, close: closeObjective } = await createObjective(spec, log, options.threads);
  try {
    const ending = await runTrials(study, objective, {
      sampler: createSampler(spec.sampler),
      pruner: createPruner(spec.pruner),
      seeds,
      trialTimeoutMs,
      target,
      timeoutMs: options.timeLimit === undefined ? undefined : options.timeLimit * 1000,
      idleMs: options.idle * 1000,
      signal,
      onStart: ({ number, params, attempts }) =>
        log(`trial ${number}, attempt ${attempts.length}: ${JSON.stringify(params)}`),
      onTrial: (trial) =>
        log(`trial ${trial.number} ${trial.state} ${trial.values ?? failureOf(trial)?.message ?? ""}`),
    });
    log(`ended: ${ending}`);
    return ending === "interrupted" ? codeOf() : 0;
  } finally {
    close();
    closeObjective();
  }
}

/** SIGUSR1 is a warning ahead of a limit: the task wants to go on later. SIGTERM and SIGINT: it does not. */
function listenForSignals(): { signal: AbortSignal; codeOf: () => number; close: () => void } {
  const controller = new AbortController();
  let code = 0;
  const codes = { SIGUSR1: MADE_ROOM, SIGTERM: STOPPED, SIGINT: 130 } as const;
  const names = Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGUSR1", "SIGTERM", "SIGINT"] as const;
  const handlers = names.map((name) => {
    const handler = () => {
      code = codes[name];
      controller.abort(new Error(`stopped by ${name}`));
    };
    Deno.addSignalListener(name, handler);
    return [name, handler] as const;
  });
  const close = () => {
    for (const [name, handler] of handlers) Deno.removeSignalListener(name, handler);
  };
  return { signal: controller.signal, codeOf: () => code, close };
}
