/** Searches on a real Slurm; tests/long has one through all that can happen to jobs. @module */
import { slurmScript, submit, watch } from "../../../lib/search/executors/slurm.ts";
import { assert, assertRejects } from "../../assert.ts";
import { withCommands } from "../../commands.ts";
import { withFolder } from "../../folder.ts";
import { testWith } from "../../needs.ts";
import { startSlurm } from "../../servers/slurm.ts";
import { searchThroughStorm } from "./_slurm_storm.ts";
import { makeStudy } from "./_storm.ts";

testWith(
  "slurm",
  "a search on Slurm loses nothing when jobs are warned, killed and requeued",
  () => searchThroughStorm(24, ["warned", "killed", "requeued"]),
);

testWith("slurm", "watch() says why a job's workers did not start", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/slurm`);
    await using slurm = await startSlurm(`${folder}/slurm`, 1);
    // By the programs alone: the environment is one for all tests that run beside each other, and what they start.
    const ofSlurm = (program: string, options: Deno.CommandOptions) =>
      [program, { ...options, env: { ...options.env, ...slurm.env } }] as const;
    await withCommands(ofSlurm, async () => {
      const study = await makeStudy(`${folder}/study`, 3);
      const job = await submit(study.folder, slurmScript(study.folder, ["no-such-program"]));
      const error = await assertRejects(() => watch(study, job, { pollMs: 1_000 }));
      assert(
        error.message.includes(`all tasks of job ${job} ended at once`) &&
          error.message.includes("no-such-program"),
        error.message,
      );
      await assertRejects(
        () => submit(study.folder, slurmScript(study.folder, ["true"], { partition: "none" })),
        Error,
        "invalid partition",
      );
    });
  }));
