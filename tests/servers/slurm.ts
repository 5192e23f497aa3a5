/**
 * A real Slurm on one machine: a controller and several slurmd that each play a node, on ports of their own, with munge
 * and configuration in a folder. `hostname` is the same on all "nodes"; `$SLURMD_NODENAME` tells them apart.
 *
 * Needs Debian's `slurm-wlm` (built with multiple-slurmd) and `munge`.
 * @module
 */
import { join } from "@std/path";
import { until } from "../until.ts";
import { freePorts } from "./free_port.ts";

/** A running cluster. */
export interface Slurm extends AsyncDisposable {
  /** Environment of its clients: `sbatch`, `squeue`, `scancel`, `scontrol`. */
  env: Record<string, string>;
  /** Runs a client; gives what it printed. A client that hangs is ended after ten seconds. */
  ask(program: string, ...args: string[]): Promise<string>;
  /** Kills slurmd of a node, and what runs under it. */
  loseNode(number: number): Promise<void>;
  startNode(number: number): Promise<void>;
  killController(): Promise<void>;
  startController(): Promise<void>;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Starts a cluster with so many nodes of one processor each; ends and removes it when disposed. */
export async function startSlurm(folder: string, nodes: number): Promise<Slurm> {
  const base = freePorts(nodes + 1);
  const places = [
    "run",
    "log",
    "state",
    "munge",
    ...Array.from({ length: nodes }, (_, i) => `spool/n${i + 1}`),
  ];
  for (const place of places) await Deno.mkdir(join(folder, place), { recursive: true, mode: 0o755 });
  await Deno.chmod(folder, 0o755);
  const socket = join(folder, "munge", "munge.sock"), key = join(folder, "munge", "munge.key");
  await Deno.writeFile(key, crypto.getRandomValues(new Uint8Array(128)), { mode: 0o600 });
  const config = join(folder, "slurm.conf");
  await Deno.writeTextFile(config, await configuration(folder, base, nodes, socket));
  const env = { SLURM_CONF: config };

  async function run(program: string, args: readonly string[], timeoutMs = 60_000): Promise<string> {
    const signal = AbortSignal.timeout(timeoutMs);
    const output = await new Deno.Command(program, { args: [...args], env, stdin: "null", signal }).output();
    if (output.success) return text(output.stdout);
    throw new Error(`${program} ${args.join(" ")} failed: ${text(output.stderr)}`);
  }
  const pidOf = async (name: string) =>
    Number(await Deno.readTextFile(join(folder, "run", `${name}.pid`)).catch(() => "0"));
  const kill = async (name: string, signal: Deno.Signal) => {
    const pid = await pidOf(name);
    if (pid > 0) await run("kill", [`-${signal.slice(3)}`, String(pid)]).catch(() => {}); // ended already
    await Deno.remove(join(folder, "run", `${name}.pid`)).catch(() => {});
  };
  const startNode = async (number: number) => void await run("slurmd", ["-N", `n${number}`]);
  const startController = async () => void await run("slurmctld", []);

  await run("munged", [
    "--force",
    `--key-file=${key}`,
    `--socket=${socket}`,
    `--log-file=${join(folder, "log", "munged.log")}`,
    `--pid-file=${join(folder, "run", "munged.pid")}`,
    `--seed-file=${join(folder, "munge", "munge.seed")}`,
    "--num-threads=2",
  ]);
  await startController();
  for (let i = 1; i <= nodes; i++) await startNode(i);
  const slurm: Slurm = {
    env,
    ask: (program, ...args) => run(program, args, 10_000),
    async loseNode(number) {
      await kill(`slurmd.n${number}`, "SIGKILL");
      // slurmstepd outlives slurmd: what it runs is found by its node's name in its arguments or environment
      for (const [pid, environment] of await processesOf(folder)) {
        if (!environment.includes(`SLURMD_NODENAME=n${number}`)) continue;
        await run("kill", ["-KILL", pid]).catch(() => {});
      }
    },
    startNode,
    killController: () => kill("slurmctld", "SIGKILL"),
    startController,
    async [Symbol.asyncDispose]() {
      await run("scancel", [`--user=${(await run("id", ["-un"])).trim()}`]).catch(() => {});
      // By slurmd, which tells them to: without one they go on.
      await until(
        "Slurm's jobs to end",
        async () => ![...(await processesOf(folder)).values()].some(isOfJob),
      );
      for (let i = 1; i <= nodes; i++) await kill(`slurmd.n${i}`, "SIGTERM");
      await kill("slurmctld", "SIGTERM");
      // What is still there may write into the folder, which is removed next.
      const munged = String(await pidOf("munged"));
      await until("Slurm's daemons to end", async () => {
        return [...(await processesOf(folder)).keys()].every((pid) => pid === munged);
      });
      await kill("munged", "SIGTERM");
      await until("munged to end", async () => (await processesOf(folder)).size === 0);
    },
  };
  await untilUp(slurm, nodes);
  return slurm;
}

/** Waits until every node answers. */
async function untilUp(slurm: Slurm, nodes: number): Promise<void> {
  await until(`${nodes} nodes of Slurm`, async () => {
    const up = await slurm.ask("sinfo", "-h", "-N", "-t", "idle,mix,alloc", "-o", "%N").catch(() => "");
    return up.trim().split("\n").filter((line) => line !== "").length === nodes;
  });
}

/** Daemons, jobs and clients of the cluster that run, by their environments; a zombie has none. */
async function processesOf(folder: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = (await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "")).split("\0");
    if (environment.some((value) => value.startsWith(`SLURM_CONF=${folder}/`))) found.set(name, environment);
  }
  return found;
}

/** Whether a process is part of a job, by its environment. */
function isOfJob(environment: readonly string[]): boolean {
  return environment.some((value) => value.startsWith("SLURM_JOB_ID="));
}

async function configuration(folder: string, base: number, nodes: number, socket: string): Promise<string> {
  const host = Deno.hostname().split(".")[0];
  const user = text((await new Deno.Command("id", { args: ["-un"] }).output()).stdout).trim();
  const place = (name: string) => join(folder, name);
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  return `ClusterName=lab
SlurmctldHost=${host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=${socket},cred_expire=5
CredType=cred/munge
SlurmUser=${user}
SlurmdUser=${user}
SlurmctldPort=${base}
SlurmctldPidFile=${place("run/slurmctld.pid")}
SlurmdPidFile=${place("run/slurmd.%n.pid")}
SlurmctldLogFile=${place("log/slurmctld.log")}
SlurmdLogFile=${place("log/slurmd.%n.log")}
StateSaveLocation=${place("state")}
SlurmdSpoolDir=${place("spool/%n")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1
AccountingStorageType=accounting_storage/none
ReturnToService=2
JobRequeue=1
MinJobAge=3600
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
KillWait=5
Waittime=0
SlurmdParameters=config_overrides
${
    names.map((name, i) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${
        base + 1 + i
      } CPUs=1 RealMemory=1000 State=UNKNOWN`
    ).join("\n")
  }
PartitionName=main Nodes=${names.join(",")} Default=YES MaxTime=INFINITE State=UP
`;
}
