/**
 * A process of many on one study: runs trials of nothing in the study of FOLDER until none is left.
 *
 * `_search_storm_worker.ts FOLDER [CHANCE] [MS]`: each call of the file system that matters kills the process with this
 * chance, before, after or, for a write, in the middle of it. MS: how long a trial takes.
 * @module
 */
import { runTrials } from "../../lib/search/run_trials.ts";
import { openStudy } from "../../lib/search/study.ts";
import { randomSampler } from "../../lib/search/samplers/random.ts";

const [folder, chance = "0", ms = "0"] = Deno.args;

function die(): never {
  Deno.kill(Deno.pid, "SIGKILL");
  for (;;);
}

if (Number(chance) > 0) {
  const unlucky = () => Math.random() < Number(chance) / 2;
  for (const name of ["linkSync", "removeSync", "openSync"] as const) {
    const original = Deno[name] as (...args: unknown[]) => unknown;
    Object.assign(Deno, {
      [name]: (...args: unknown[]) => {
        if (unlucky()) die();
        const result = original(...args);
        if (unlucky()) die();
        return result;
      },
    });
  }
  const { writeSync, truncateSync, syncSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (unlucky()) {
      writeSync.call(this, bytes.subarray(0, Math.floor(Math.random() * bytes.length)));
      die();
    }
    return writeSync.call(this, bytes);
  };
  Deno.FsFile.prototype.truncateSync = function (length) {
    if (unlucky()) die();
    truncateSync.call(this, length);
    if (unlucky()) die();
  };
  Deno.FsFile.prototype.syncSync = function () {
    if (unlucky()) die();
    syncSync.call(this);
  };
}

const study = openStudy(folder);
await runTrials(study, async ({ x }) => {
  if (Number(ms) > 0) await new Promise((resolve) => setTimeout(resolve, Number(ms)));
  return x as number;
}, { sampler: randomSampler(), idleMs: 50 });
