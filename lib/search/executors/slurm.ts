/**
 * Worker processes as a job array of Slurm: the same ones as on one machine, on the same folder.
 *
 * A task gets SIGUSR1 ahead of its time limit, lets its trial write a checkpoint, and puts itself back into the queue; so
 * does Slurm where a node is lost or the task has to make room. Nothing here asks Slurm more often than once in ten
 * seconds, and no call waits for ever. Source: sbatch(1), squeue(1), scontrol(1). @module
 */
import { join } from "@std/path";
import type { Study } from "../study.ts";

/** What is asked of Slurm. */
export interface SlurmOptions {
  /** Tasks in the array. @default {1} */
  workers?: number;
  /** Limit of a task as Slurm writes it, such as `02:00:00`. */
  time?: string;
  /** Memory of a task, such as `8G`. */
  memory?: string;
  /** Such as `gpu:1`. */
  gres?: string;
  partition?: string;
  account?: string;
  /** Processors of a task. */
  cpus?: number;
  /** Seconds between SIGUSR1 and the limit. @default {120} */
  warningSeconds?: number;
  /** Further lines `#SBATCH …`, without these words. */
  extra?: readonly string[];
  /** The job's name. @default {"search"} */
  name?: string;
}

/** The exit code with which a worker says that it made room and has more to do. */
export const MADE_ROOM = 75;

/** The shortest pause between two questions to Slurm, in milliseconds. */
export const POLL_MS = 10_000;

/**
 * The text for `sbatch`.
 *
 * @param folder The study's, as all nodes see it.
 * @param command What starts a worker; the array task's job is added to it.
 */
export function slurmScript(folder: string, command: readonly string[], options: SlurmOptions = {}): string {
  const { workers = 1, warningSeconds = 120, name = "search" } = options;
  const log = join(folder, "slurm", "%A_%a.log");
  const asked = [
    `--job-name=${name}`,
    `--array=0-${workers - 1}`,
    `--output=${log}`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${warningSeconds}`,
    options.time && `--time=${options.time}`,
    options.memory && `--mem=${options.memory}`,
    options.gres && `--gres=${options.gres}`,
    options.partition && `--partition=${options.partition}`,
    options.account && `--account=${options.account}`,
    options.cpus && `--cpus-per-task=${options.cpus}`,
    ...options.extra ?? [],
  ].filter((line) => line !== undefined && line !== "");
  return `#!/bin/bash
${asked.map((line) => `#SBATCH ${line}`).join("\n")}
task="\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
echo "task $task on \${SLURMD_NODENAME:-$(hostname)}, start \${SLURM_RESTART_COUNT:-0}, $(date -u +%FT%TZ)"
trap 'kill -USR1 $! 2>/dev/null' USR1 # ahead of the limit: the trial writes a checkpoint
trap 'kill -TERM $! 2>/dev/null' TERM
${command.map(quote).join(" ")} --job "$task" &
worker=$!
wait "$worker"; code=$?
while [ "$code" -gt 128 ] && kill -0 "$worker" 2>/dev/null; do # a signal ended the waiting, not the worker
  wait "$worker"; code=$?
done
echo "task $task ended with code $code, $(date -u +%FT%TZ)"
if [ "$code" = ${MADE_ROOM} ]; then scontrol requeue "$task" && exit 0; fi
exit "$code"
`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Hands a script to Slurm.
 *
 * @returns The array's job id.
 * @throws {Error} What sbatch says.
 */
export async function submit(folder: string, script: string): Promise<string> {
  await Deno.mkdir(join(folder, "slurm"), { recursive: true });
  const time = new Date().toISOString().replaceAll(/[:.]/g, ""), id = crypto.randomUUID().slice(0, 8);
  const file = join(folder, "slurm", `submit-${time}-${id}.sh`); // no two are one, at the same moment either
  await Deno.writeTextFile(file, script);
  const said = await ask("sbatch", ["--parsable", file]);
  const job = /^\d+/.exec(said.trim())?.[0];
  if (job === undefined) throw new Error(`Cannot submit "${file}": sbatch said "${said.trim()}"`);
  return job;
}

/** A task of an array, as squeue shows it. */
export interface SlurmTask {
  task: string;
  /** Such as `RUNNING`. */
  state: string;
  /** Why it waits, such as `Priority`, or the node where it runs. */
  reason: string;
}

/**
 * The tasks of a job that are not over.
 *
 * @throws {Error} If Slurm does not answer within 15 seconds, which tells nothing of the tasks.
 */
export async function tasksOf(job: string): Promise<SlurmTask[]> {
  const said = await ask("squeue", ["-h", "-r", "-j", job, "-o", "%i|%T|%R"]).catch((error) => {
    if (error instanceof Error && error.message.includes("Invalid job id")) return ""; // long over
    throw error;
  });
  return said.split("\n").filter((line) => line.includes("|")).map((line) => {
    const [task, state, reason] = line.trim().split("|");
    return { task, state, reason };
  });
}

/** Ends a job. */
export async function cancel(job: string): Promise<void> {
  await ask("scancel", [job]);
}

/** Asks a program of Slurm, which may hang where the controller is down. */
async function ask(program: string, args: readonly string[]): Promise<string> {
  const signal = AbortSignal.timeout(15_000);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { args: [...args], stdin: "null", signal }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Error(`Cannot find "${program}": this machine has no Slurm`);
    }
    throw error;
  }
  if (signal.aborted) throw new Error(`Cannot ask Slurm: "${program}" did not answer within 15 s`);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return text(output.stdout);
  throw new Error(`Cannot ask Slurm: "${program} ${args.join(" ")}" said "${text(output.stderr).trim()}"`);
}

/** Options for {@linkcode watch}. */
export interface WatchOptions {
  signal?: AbortSignal;
  /** Takes a line for each thing worth knowing. */
  log?: (line: string) => void;
  /** Called after each look, at most once in ten seconds. */
  onTick?: (tasks: readonly SlurmTask[]) => void;
  /** @default {10_000} */
  pollMs?: number;
}

/**
 * Waits until a job's tasks are over or the study is finished.
 *
 * @throws {Error} If tasks end before any worker joined the study: with the last words of their logs.
 */
export async function watch(study: Study, job: string, options: WatchOptions = {}): Promise<void> {
  const { signal, log = () => {}, pollMs = POLL_MS } = options;
  const before = study.state.workers.size;
  let silent = false;
  while (!signal?.aborted) {
    let tasks: SlurmTask[] | undefined;
    try {
      tasks = await tasksOf(job);
      silent = false;
    } catch (error) {
      if (!silent) log(`${(error as Error).message}; the tasks go on without it`);
      silent = true;
    }
    study.refresh();
    if (tasks) options.onTick?.(tasks);
    if (study.isFinished()) return;
    if (tasks?.length === 0) {
      if (study.state.workers.size === before) {
        throw new Error(
          `Cannot start workers: all tasks of job ${job} ended at once: ${await lastWords(study, job)}`,
        );
      }
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function lastWords(study: Study, job: string): Promise<string> {
  const folder = join(study.folder, "slurm");
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.startsWith(`${job}_`)) continue;
    const text = (await Deno.readTextFile(join(folder, name))).trim();
    if (text !== "") return `${name}: ${text.split("\n").slice(-4).join("; ")}`;
  }
  return "they wrote no log";
}
