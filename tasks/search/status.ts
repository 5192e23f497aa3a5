/** `deno task search status FOLDER` and `stop`: what a study is at, and an end to it. @module */
import { describeOwner, inspectLock } from "../../lib/base/lock.ts";
import { openStudy } from "../../lib/search/study.ts";
import { createOutput, JSON_OPTION, readOptions } from "../_cli.ts";
import { progressLine, showParams, statusOf } from "./_summary.ts";

/** Says how far a study is; exit code 0 if it is finished, 3 if trials run or wait, 4 if nobody works on it. */
export function showStatus(args: readonly string[]): number {
  const { options, words: [folder] } = readOptions(args, { json: JSON_OPTION }, {
    usage: "deno task search status FOLDER",
    summary:
      "Says how far a study is. Exit code: 0 finished, 3 under way, 4 unfinished and nobody works on it.",
    examples: ["deno task search status runs/search/mnist --json"],
    words: [1, 1],
  });
  const study = openStudy(folder), output = createOutput(options);
  const status = statusOf(study);
  const workers = [...study.state.workers.values()].flatMap((worker) => {
    const report = inspectLock(study.paths.worker(worker.id), { staleMs: 60_000 });
    return report.state === "free" ? [] : [{ ...worker, state: report.state, why: report.why }];
  });
  const alive = workers.filter(({ state }) => state === "alive").length;
  output.record("status", { ...status, alive, workers: workers.length }, `${folder}: ${progressLine(study)}`);
  if (status.best && !output.json) output.say(`best parameters: ${showParams(status.best.params)}`);
  if (!output.json) {
    for (const { host, pid, job, started, state, why } of workers) {
      output.say(`${describeOwner({ host, pid, job, since: started, token: "" })}: ${state} (${why})`);
    }
    for (const note of study.state.notes) output.say(`note: ${note}`);
    if (status.damaged > 0) output.say(`${status.damaged} damaged lines of the journal were passed over`);
  }
  if (status.finished) return 0;
  return alive > 0 ? 3 : 4;
}

/** Asks all workers of a study to stop after their trials. */
export async function stopStudy(args: readonly string[]): Promise<number> {
  const { words: [folder] } = readOptions(args, {}, {
    usage: "deno task search stop FOLDER",
    summary: "Asks all workers of a study to stop after the trials that they are at; --resume goes on.",
    examples: ["deno task search stop runs/search/mnist"],
    words: [1, 1],
  });
  await openStudy(folder).stop();
  console.log(`Asked the workers of "${folder}" to stop`);
  return 0;
}
