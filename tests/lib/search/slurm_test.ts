import { slurmScript } from "../../../lib/search/executors/slurm.ts";
import { assert, assertEquals } from "../../assert.ts";

Deno.test("slurmScript() passes on what is asked for, and quotes what a shell would read", () => {
  const script = slurmScript("a folder", ["deno", "run", "it's", "--idle", "10"], {
    workers: 4,
    time: "02:00:00",
    memory: "8G",
    gres: "gpu:1",
    partition: "long",
    account: "cygno",
    cpus: 2,
    warningSeconds: 60,
    extra: ["--nice=100"],
  });
  const asked = script.split("\n").filter((line) => line.startsWith("#SBATCH")).map((line) => line.slice(8));
  assertEquals(asked, [
    "--job-name=search",
    "--array=0-3",
    "--output=a folder/slurm/%A_%a.log",
    "--open-mode=append",
    "--requeue",
    "--signal=B:USR1@60",
    "--time=02:00:00",
    "--mem=8G",
    "--gres=gpu:1",
    "--partition=long",
    "--account=cygno",
    "--cpus-per-task=2",
    "--nice=100",
  ]);
  assert(script.includes(`deno run 'it'\\''s' --idle 10 --job "$task" &`), script);
});

/** Runs the script with a worker of two lines of bash, and programs of Slurm that say what they were asked. */
async function runScript(worker: string, signal?: Deno.Signal): Promise<{ code: number; said: string }> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/worker.sh`, worker);
    await Deno.writeTextFile(`${folder}/scontrol`, '#!/bin/bash\necho "scontrol $*"\n', { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/script.sh`, slurmScript(folder, ["bash", `${folder}/worker.sh`]));
    const child = new Deno.Command("bash", {
      args: [`${folder}/script.sh`],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, SLURM_ARRAY_JOB_ID: "12", SLURM_ARRAY_TASK_ID: "3" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (signal) setTimeout(() => child.kill(signal), 300);
    const { code, stdout } = await child.output();
    return { code, said: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("slurmScript() hands signals to the worker, and requeues only one that made room", async () => {
  const done = await runScript('echo "job $2"; exit 3');
  assertEquals([done.code, done.said.includes("job 12_3"), done.said.includes("scontrol")], [3, true, false]);
  const patient = (code: number) => `trap 'sleep 0.3; exit ${code}' USR1 TERM\nwhile :; do sleep 0.05; done`;
  const warned = await runScript(patient(75), "SIGUSR1");
  assertEquals([warned.code, warned.said.includes("scontrol requeue 12_3")], [0, true]);
  const ended = await runScript(patient(143), "SIGTERM");
  assertEquals([ended.code, ended.said.includes("scontrol")], [143, false]);
});
