import { cancel, slurmScript, submit, tasksOf, watch } from "../../../lib/search/executors/slurm.ts";
import type { Study } from "../../../lib/search/study.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { withCommands } from "../../commands.ts";
import { withFolder } from "../../folder.ts";
import { writeProgram } from "../../program.ts";

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
    await writeProgram(`${folder}/scontrol`, '#!/bin/bash\necho "scontrol $*"\n');
    await Deno.writeTextFile(`${folder}/script.sh`, slurmScript(folder, ["bash", `${folder}/worker.sh`]));
    const child = new Deno.Command("bash", {
      args: [`${folder}/script.sh`],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, SLURM_ARRAY_JOB_ID: "12", SLURM_ARRAY_TASK_ID: "3" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let said = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      if (signal && chunk.includes("ready")) child.kill(signal);
    }
    await child.stderr.cancel();
    return { code: (await child.status).code, said };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("slurmScript() hands signals to the worker, and requeues only one that made room", async () => {
  const done = await runScript('echo "job $2"; exit 3');
  assertEquals([done.code, done.said.includes("job 12_3"), done.said.includes("scontrol")], [3, true, false]);
  const patient = (code: number) =>
    `trap 'sleep 0.3; exit ${code}' USR1 TERM\necho ready\nwhile :; do sleep 0.05; done`;
  const warned = await runScript(patient(75), "SIGUSR1");
  assertEquals([warned.code, warned.said.includes("scontrol requeue 12_3")], [0, true]);
  const ended = await runScript(patient(143), "SIGTERM");
  assertEquals([ended.code, ended.said.includes("scontrol")], [143, false]);
});

/**
 * Runs a test where programs of Slurm are scripts of the test's own, by their names. PATH stays as it is: it is one for all
 * tests that run beside each other.
 */
async function withSlurm(
  programs: Record<string, string>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const bin = `${folder}/bin`;
    await Deno.mkdir(bin);
    for (const [name, script] of Object.entries(programs)) {
      await writeProgram(`${bin}/${name}`, `#!/bin/bash\n${script}\n`);
    }
    await withCommands(
      (program, options) => [program in programs ? `${bin}/${program}` : program, options],
      () => test(folder),
    );
  });
}

Deno.test("submit() keeps each script that it hands over, and gives the job's number", () =>
  withSlurm({
    sbatch: 'cat "$2" > "$(dirname "$0")/seen"; echo "$1" >> "$(dirname "$0")/seen"; echo "4711;cluster"',
  }, async (folder) => {
    for (const script of ["first\n", "second\n"]) {
      assertEquals(await submit(folder, script), "4711");
      assertEquals(await Deno.readTextFile(`${folder}/bin/seen`), `${script}--parsable\n`);
    }
    await Promise.all(["third\n", "fourth\n"].map((script) => submit(folder, script))); // at the same moment
    const kept = Array.from(Deno.readDirSync(`${folder}/slurm`), ({ name }) => `${folder}/slurm/${name}`);
    const texts = kept.map((path) => Deno.readTextFileSync(path)).sort();
    assertEquals(texts, ["first\n", "fourth\n", "second\n", "third\n"]);
  }));

Deno.test("submit() and tasksOf() say what Slurm said", () =>
  withSlurm(
    { sbatch: "echo queued", squeue: 'echo "slurm_load_jobs error: down" >&2; exit 1' },
    async (folder) => {
      await assertRejects(() => submit(folder, ""), Error, '.sh": sbatch said "queued"');
      await assertRejects(() => tasksOf("7"), Error, 'said "slurm_load_jobs error: down"');
    },
  ));

Deno.test("tasksOf() reads squeue's lines, and takes a job that it does not know for one that is over", () =>
  withSlurm(
    {
      squeue: `[ "$4" = 7 ] || { echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; }
echo "$*" > "$(dirname "$0")/asked"
echo "a word before"
echo "7_0|RUNNING|node1"
echo "7_1|PENDING|Priority"`,
      scancel: 'echo "$*" > "$(dirname "$0")/asked"',
    },
    async (folder) => {
      assertEquals(await tasksOf("7"), [
        { task: "7_0", state: "RUNNING", reason: "node1" },
        { task: "7_1", state: "PENDING", reason: "Priority" },
      ]);
      assertEquals(await Deno.readTextFile(`${folder}/bin/asked`), "-h -r -j 7 -o %i|%T|%R\n");
      assertEquals(await tasksOf("8"), []);
      await cancel("9");
      assertEquals(await Deno.readTextFile(`${folder}/bin/asked`), "9\n");
    },
  ));

/** A study as `watch` sees it: how many workers have joined after so many looks, and when it is finished. */
function studyIn(
  folder: string,
  joinedAt: number,
  finishedAt: number,
): { study: Study; looks: () => number } {
  let looks = 0;
  const workers = new Map();
  const study = {
    folder,
    state: { workers },
    refresh() {
      if (++looks === joinedAt) workers.set("w", {});
    },
    isFinished: () => looks >= finishedAt,
  };
  return { study: study as unknown as Study, looks: () => looks };
}

Deno.test("watch() waits until the study is finished, its tasks are over or it is told to stop, through Slurm's troubles", () =>
  withSlurm({
    squeue: `n=$(cat "$(dirname "$0")/count" 2>/dev/null || echo 0); echo $((n + 1)) > "$(dirname "$0")/count"
case $n in 1|2) echo "timed out" >&2; exit 1;; 0|3) echo "7_0|RUNNING|node1";; esac`,
  }, async (folder) => {
    const again = () => Deno.remove(`${folder}/bin/count`);
    const log: string[] = [], ticks: number[] = [];
    const options = {
      log: (line: string) => void log.push(line),
      onTick: (tasks: readonly unknown[]) => void ticks.push(tasks.length),
      pollMs: 1,
    };
    const over = studyIn(folder, 4, Infinity);
    await watch(over.study, "7", options); // a worker joined, then no task is left
    assertEquals([over.looks(), ticks, log.length], [5, [1, 1, 0], 1]);
    assert(log[0].endsWith('said "timed out"; the tasks go on without it'), log[0]);
    await again();
    const finished = studyIn(folder, Infinity, 2);
    await watch(finished.study, "7", { pollMs: 1 });
    assertEquals(finished.looks(), 2);
    await again();
    const stopped = studyIn(folder, Infinity, Infinity);
    await watch(stopped.study, "7", { pollMs: 1, signal: AbortSignal.abort() });
    assertEquals(stopped.looks(), 0);
  }));

Deno.test("watch() says what the tasks said last where all ended before any worker joined", () =>
  withSlurm({ squeue: "exit 0" }, async (folder) => {
    await Deno.mkdir(`${folder}/slurm`);
    const failing = (words: string) =>
      assertRejects(
        () => watch(studyIn(folder, Infinity, Infinity).study, "7", { pollMs: 1 }),
        Error,
        `Cannot start workers: all tasks of job 7 ended at once: ${words}`,
      );
    await failing("they wrote no log");
    await Deno.writeTextFile(`${folder}/slurm/8_0.log`, "of another job");
    await Deno.writeTextFile(`${folder}/slurm/7_0.log`, " \n");
    await failing("they wrote no log");
    await Deno.writeTextFile(`${folder}/slurm/7_0.log`, "1\n2\n3\n4\n5\n\n");
    await failing("7_0.log: 2; 3; 4; 5");
  }));
