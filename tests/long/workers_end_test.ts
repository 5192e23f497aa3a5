/** How runs of several workers end before their time, as a user starts them: by `--workers`, and on a real Slurm. @module */
import { join } from "@std/path";
import { within } from "../../lib/base/within.ts";
import { readRecord, runPaths } from "../../lib/run/run_folder.ts";
import { readCheckpoint } from "../../lib/train/checkpoint.ts";
import { decodeHistory } from "../../lib/train/mod.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { testWith } from "../needs.ts";
import { startSlurm } from "../servers/slurm.ts";
import { smallTraining } from "../small_mnist.ts";
import { until } from "../until.ts";

/** Far beyond what workers may take to end (30 s), for machines that are busy. */
const BOUND_MS = 180_000;
/** More than anybody waits for. */
const FOREVER = 100_000;

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Whether a process's environment has all of these. */
async function hasVariables(pid: string, variables: readonly string[]): Promise<boolean> {
  const environment = await Deno.readTextFile(`/proc/${pid}/environ`).catch(() => "");
  const all = environment.split("\0");
  return variables.every((variable) => all.includes(variable));
}

/** The process of a Slurm step's task that runs Deno. */
async function processOfTask(config: string, rank: number): Promise<number> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    if (
      !await hasVariables(name, [`SLURM_CONF=${config}`, `SLURM_PROCID=${rank}`, "SLURM_STEP_NUM_TASKS=2"])
    ) continue;
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    if (command.includes("train.ts")) return Number(name);
  }
  throw new Error(`no process of task ${rank}`);
}

/** What a stream has said, when nobody has its other end any more: each process that was started holds it. */
const allSaid = (stream: ReadableStream<Uint8Array>) => new Response(stream).text();

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  Deno.test(`${signal} to what started three workers ends them all, with a checkpoint`, () =>
    withFolder(async (folder) => {
      const out = join(folder, "run"), { checkpoint } = runPaths(out);
      const args = [...await smallTraining(folder, FOREVER), "--workers", "3", "--out", out];
      const launcher = new Deno.Command(Deno.execPath(), {
        args,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      })
        .spawn();
      const ended = Promise.all([allSaid(launcher.stdout), allSaid(launcher.stderr)]);
      await until("a checkpoint", () => exists(checkpoint));
      launcher.kill(signal);
      const { code } = await launcher.status;
      const [said, errors] = await within(
        ended,
        BOUND_MS,
        () => new Error(`workers live on after ${signal}`),
      );
      assert(said.includes("Stopped after"), said + errors);
      if (signal === "SIGTERM") assertEquals(code, 143, errors);
      const record = await readRecord(out), saved = await readCheckpoint(checkpoint);
      assertEquals([record!.state, await exists(runPaths(out).lock)], ["interrupted", false]);
      assert(saved!.state.step > 0 && saved!.state.workers === 3);
    }));
}

testWith(
  "slurm",
  "a run over two nodes that a task is warned of is requeued, goes on and is finished",
  () =>
    withFolder(async (folder) => {
      const cluster = join(folder, "slurm"), out = join(folder, "run"), epochs = 60;
      await Deno.mkdir(cluster);
      const words = [Deno.execPath(), ...await smallTraining(folder, epochs), "--out", out];
      const script = `#!/bin/bash
srun -K0 ${words.map((word) => `'${word}'`).join(" ")} \${SLURM_RESTART_COUNT:+--resume}
[ $? -le 128 ] || scontrol requeue $SLURM_JOB_ID
`;
      await Deno.writeTextFile(join(folder, "job.sh"), script);
      await using slurm = await startSlurm(cluster, 2);
      const log = join(folder, "job.log");
      const submit = ["--parsable", "-N2", "-n2", "--requeue", "--open-mode=append", "-o", log];
      const job = (await slurm.ask("sbatch", ...submit, join(folder, "job.sh"))).trim();
      const logged = () => Deno.readTextFile(log).catch(() => "");
      try {
        await until("a checkpoint", () => exists(runPaths(out).checkpoint));
        const warned = await processOfTask(slurm.env.SLURM_CONF, 1);
        Deno.kill(warned, "SIGUSR1");
        await until("the run's end", async () => (await readRecord(out))?.state === "interrupted");
        const before = (await readCheckpoint(runPaths(out).checkpoint))!.state;
        await within(
          until("the requeued run's end", async () => (await readRecord(out))?.state === "finished"),
          BOUND_MS,
          () => new Error("the job was not requeued"),
        );
        const described = await slurm.ask("scontrol", "show", "job", job, "-o");
        assert(/Restarts=1 /.test(described), described);
        const history = decodeHistory(await Deno.readTextFile(runPaths(out).history));
        assertEquals(history.map(({ epoch }) => epoch), history.map((_, i) => i + 1), "every epoch once");
        assertEquals(history.length, epochs);
        assert(before.step > 0 && before.epoch < epochs, "it was warned while it trained");
        assertEquals((await readRecord(out))!.workers!.length, 2);
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${await logged()}`);
      }
    }),
);

testWith(
  "slurm",
  "a run that loses one of its two nodes names the task and leaves a checkpoint",
  () =>
    withFolder(async (folder) => {
      const cluster = join(folder, "slurm"), out = join(folder, "run"), { checkpoint } = runPaths(out);
      await Deno.mkdir(cluster);
      const words = [...await smallTraining(folder, FOREVER), "--out", out];
      await using slurm = await startSlurm(cluster, 2);
      const step = new Deno.Command("srun", {
        args: ["-N2", "-n2", "-K0", "--no-kill", Deno.execPath(), ...words],
        env: slurm.env,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const said = allSaid(step.stderr);
      await until("a checkpoint", () => exists(checkpoint));
      await slurm.loseNode(2);
      await until("the first worker's end", async () => !await exists(runPaths(out).lock));
      await step.status;
      const errors = await said;
      assert(/worker 1 on n2 \(process \d+\) has ended at step \d+/.test(errors), errors);
      assert(errors.includes(`--resume --out ${out}`), errors);
      assert((await readCheckpoint(checkpoint))!.state.step > 0);
    }),
);
