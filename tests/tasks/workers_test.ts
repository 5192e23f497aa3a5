import { CliError, stopCode } from "../../tasks/_cli.ts";
import { spreadOf, whenAbandoned } from "../../tasks/_workers.ts";
import { withFolder } from "../folder.ts";
import { testWith } from "../needs.ts";
import { startSlurm } from "../servers/slurm.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";
import { smallTraining } from "../small_mnist.ts";

const STEP = {
  SLURM_JOB_ID: "17",
  SLURM_STEP_ID: "0",
  SLURM_STEP_NUM_TASKS: "2",
  SLURM_PROCID: "1",
  SLURM_STEP_NODELIST: "n[1-2]",
};

Deno.test("spreadOf() takes the command line's word, and else Slurm's", () => {
  const asked = (strategy?: string, workers?: number, devices: string[] = [], environment = {}) =>
    spreadOf({ strategy, workers, devices }, environment);
  assertEquals(asked(), { strategy: "one" });
  assertEquals(asked(undefined, 1), { strategy: "one" });
  assertEquals(asked(undefined, 3), { strategy: "multiworker", start: 3 });
  assertEquals(asked(undefined, undefined, ["cpu:0", "cpu:1"]), {
    strategy: "mirrored",
    devices: ["cpu:0", "cpu:1"],
  });
  assertEquals(asked("one", undefined, [], STEP), { strategy: "one" });
  const spread = asked(undefined, undefined, [], STEP);
  assert("place" in spread, JSON.stringify(spread));
  assertEquals([spread.place.rank, spread.place.size, spread.isStarted], [1, 2, false]);
  const own = { rank: 2, size: 3, hostnames: ["a"], port: 1, token: "t", host: "h" };
  assertEquals(asked(undefined, 3, [], { ...STEP, CLOUDCHAMBER_WORKER: JSON.stringify(own) }), {
    strategy: "multiworker",
    place: own,
    isStarted: true,
  });
});

Deno.test("spreadOf() refuses what does not go together", () => {
  const refused: [Parameters<typeof spreadOf>[0], Record<string, string>, string][] = [
    [{ workers: 4, devices: [] }, STEP, "--workers is 4, but Slurm's step has 2 tasks"],
    [{ strategy: "multiworker", devices: [] }, {}, "needs --workers N, or a Slurm step of several tasks"],
    [{ strategy: "mirrored", devices: [] }, {}, "needs --devices"],
    [{ strategy: "one", workers: 2, devices: [] }, {}, "has one worker: got --workers 2"],
    [{ workers: 2, devices: ["gpu:0"], strategy: "multiworker" }, {}, "--devices needs --strategy mirrored"],
  ];
  for (const [options, environment, message] of refused) {
    assertThrows(() => spreadOf(options, environment), CliError, message);
  }
});

Deno.test("whenAbandoned() is raised when nobody holds the other end of the input, or it breaks", async () => {
  for (const breaks of [false, true]) {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const signal = whenAbandoned(readable), writer = writable.getWriter();
    await writer.write(Uint8Array.of(1));
    assertEquals(signal.aborted, false);
    const raised = new Promise((resolve) => signal.addEventListener("abort", resolve));
    if (breaks) await writer.abort(new Error("broken")).catch(() => {});
    else await writer.close();
    await raised;
    assertEquals(stopCode(signal), 143);
  }
});

testWith(
  "slurm",
  "bare srun trains over two nodes of a Slurm, the first task writing",
  () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/slurm`);
      const train = [...await smallTraining(folder, 1), "--out", `${folder}/run`];
      await using slurm = await startSlurm(`${folder}/slurm`, 2);
      const { code, stdout, stderr } = await new Deno.Command("srun", {
        args: ["-N2", "-n2", Deno.execPath(), ...train],
        env: slurm.env,
      }).output();
      const said = new TextDecoder().decode(stdout), errors = new TextDecoder().decode(stderr);
      assertEquals(code, 0, said + errors);
      assert(said.includes("2 workers of ") && said.includes("worker 1: "), said);
      const record = JSON.parse(await Deno.readTextFile(`${folder}/run/run.json`));
      assertEquals(record.state, "finished");
      assertEquals(record.workers.map(({ examples }: { examples: number }) => examples), [50, 50]);
    }),
);
