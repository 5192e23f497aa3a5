import { expandNodes, slurmPlace } from "../../../../lib/engine/workers/slurm_place.ts";
import { assertEquals, assertThrows } from "../../../assert.ts";

// Expected lists: scontrol show hostnames LIST, of Slurm 22.05.8.
Deno.test("expandNodes() gives the nodes of a list as scontrol does", () => {
  assertEquals(expandNodes("n1"), ["n1"]);
  assertEquals(expandNodes("n[1-3]"), ["n1", "n2", "n3"]);
  assertEquals(expandNodes("gpu[08-10,12],login,c[1,3]"), [
    "gpu08",
    "gpu09",
    "gpu10",
    "gpu12",
    "login",
    "c1",
    "c3",
  ]);
  assertEquals(expandNodes("r[1-2]n[3-4]"), ["r1n3", "r1n4", "r2n3", "r2n4"]);
});

const STEP = {
  SLURM_JOB_ID: "17",
  SLURM_STEP_ID: "2",
  SLURM_STEP_NUM_TASKS: "4",
  SLURM_STEP_NUM_NODES: "2",
  SLURM_PROCID: "3",
  SLURM_STEP_NODELIST: "n[5-6]",
  SLURM_STEP_TASKS_PER_NODE: "2(x2)",
  SLURM_CPUS_ON_NODE: "8",
  SLURM_SRUN_COMM_HOST: "10.0.0.5",
  SLURMD_NODENAME: "n6",
};

Deno.test("slurmPlace() finds a task's place, and one address for all tasks of a step", () => {
  const place = slurmPlace(STEP)!;
  assertEquals([place.rank, place.size, place.hostnames, place.host, place.threads], [
    3,
    4,
    ["n5", "10.0.0.5"],
    "n6",
    4,
  ]);
  const other = slurmPlace({ ...STEP, SLURM_PROCID: "0", SLURMD_NODENAME: "n5" })!;
  assertEquals([other.port, other.token, other.hostnames], [place.port, place.token, place.hostnames]);
  assertEquals(slurmPlace({ ...STEP, SLURM_CPUS_PER_TASK: "3" })!.threads, 3);
  assertEquals(slurmPlace({ ...STEP, SLURM_STEP_NUM_NODES: "1" })!.hostnames, ["127.0.0.1"]);
  assertEquals(slurmPlace({ ...STEP, SLURM_STEP_ID: "3" })!.port === place.port, false);
});

Deno.test("slurmPlace() knows of no place in a batch script, and names what a step lacks", () => {
  assertEquals(slurmPlace({}), undefined);
  assertEquals(slurmPlace({ SLURM_JOB_ID: "17", SLURM_NTASKS: "4", SLURM_PROCID: "0" }), undefined);
  assertEquals(slurmPlace({ ...STEP, SLURM_STEP_NUM_TASKS: "1" }), undefined);
  assertThrows(() => slurmPlace({ ...STEP, SLURM_PROCID: undefined }), Error, "as SLURM_PROCID is not set");
});
