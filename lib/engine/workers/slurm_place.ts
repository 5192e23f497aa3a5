/**
 * A worker's place among the tasks of a Slurm step, from the environment that `srun` gives each of them.
 *
 * Source: "Output environment variables" of srun(1); "Hostlist expressions" of scontrol(1). @module
 */
import type { Place } from "./join.ts";

/** Ports of steps: below those that the system gives out by itself. */
const FIRST_PORT = 20_000, PORTS = 10_000;

/**
 * The place of this process in a step of several tasks; undefined where there is no such step, as in a batch script itself.
 *
 * All tasks of a step find the same first node and the same port, which follows from job and step.
 *
 * @param environment The process's variables.
 * @throws {Error} If the step's variables are there in part only.
 * @example
 * ```ts
 * import { slurmPlace } from "./slurm_place.ts";
 * const place = slurmPlace({
 *   SLURM_JOB_ID: "17",
 *   SLURM_STEP_ID: "0",
 *   SLURM_STEP_NUM_TASKS: "4",
 *   SLURM_PROCID: "2",
 *   SLURM_STEP_NODELIST: "n[1-2]",
 *   SLURMD_NODENAME: "n2",
 * });
 * [place?.rank, place?.size, place?.hostnames[0], place?.host]; // 2, 4, "n1", "n2"
 * ```
 */
export function slurmPlace(environment: Readonly<Record<string, string | undefined>>): Place | undefined {
  const size = Number(environment.SLURM_STEP_NUM_TASKS ?? 1);
  if (!(size > 1)) return undefined;
  const names = ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_STEP_NODELIST"] as const;
  const missing = names.find((name) => !environment[name]);
  if (missing) throw new Error(`Cannot find this task's place in its Slurm step as ${missing} is not set`);
  const [job, step, rank, nodes] = names.map((name) => environment[name]!);
  const [first] = expandNodes(nodes);
  return {
    rank: Number(rank),
    size,
    // The first node, by its name or else where srun runs, as in a batch script; all on one node need neither.
    hostnames: environment.SLURM_STEP_NUM_NODES === "1"
      ? ["127.0.0.1"]
      : [first, environment.SLURM_SRUN_COMM_HOST].filter((name) => name !== undefined),
    port: FIRST_PORT + (Number(job) * 7 + Number(step)) % PORTS,
    token: `slurm ${job}.${step}.${environment.SLURM_RESTART_COUNT ?? 0}`,
    host: environment.SLURMD_NODENAME ?? first,
    threads: threadsOf(environment),
  };
}

/** Processors of one task: what was asked for, or its share of the node's. */
function threadsOf(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { SLURM_CPUS_PER_TASK: asked, SLURM_CPUS_ON_NODE: all, SLURM_STEP_TASKS_PER_NODE: tasks } =
    environment;
  if (asked) return Number(asked);
  const share = Math.floor(Number(all) / Number.parseInt(tasks ?? "", 10));
  return share >= 1 ? share : undefined;
}

/**
 * The nodes of a Slurm node list, in its order.
 *
 * @example
 * ```ts
 * import { expandNodes } from "./slurm_place.ts";
 * expandNodes("gpu[01-03,7],login"); // "gpu01", "gpu02", "gpu03", "gpu7", "login"
 * ```
 */
export function expandNodes(list: string): string[] {
  const parts = list.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? [];
  return parts.flatMap((part) => {
    const bracket = /^([^[]*)\[([^\]]*)\](.*)$/.exec(part);
    if (!bracket) return [part];
    const [, before, ranges, after] = bracket;
    return ranges.split(",").flatMap((range) => {
      const [from, to = from] = range.split("-");
      const count = Number(to) - Number(from) + 1;
      return Array.from(
        { length: count },
        (_, i) => `${before}${String(Number(from) + i).padStart(from.length, "0")}`,
      );
    }).flatMap((name) => after ? expandNodes(name + after) : [name]);
  });
}
