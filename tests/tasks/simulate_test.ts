import { assert, assertEquals } from "../assert.ts";
import { join } from "@std/path";
import { withFolder } from "../folder.ts";
import { assertDone, runTask, taskArguments } from "../task_command.ts";
import { until } from "../until.ts";

Deno.test("simulate lists what there is, and refuses what there is not", async () => {
  const list = await runTask("simulate", ["--list"]);
  assertEquals(list.code, 0);
  for (const name of ["cygno", "ecal"]) assert(list.out.includes(`\n${name} `), list.out);
  const wrong = await runTask("simulate", ["ecla"]);
  assertEquals([wrong.code, wrong.err.includes("(nearest: ecal)")], [2, true]);
  const foreign = await runTask("simulate", ["ecal", "--nuclei", "He"]);
  assertEquals([foreign.code, foreign.err.includes("Unknown option --nuclei")], [2, true]);
  const late = await runTask("simulate", ["--seed", "3", "ecal"]);
  assertEquals([late.code, late.err.includes("the simulator comes first")], [2, true]);
});

Deno.test("simulate writes a set and prints how it compares", () =>
  withFolder(async (folder) => {
    const out = join(folder, "ecal");
    const first = await runTask("simulate", ["ecal", "--events", "40", "--out", out]), text = first.out;
    assertDone(first);
    assert(/pixels not zero +46 +4\d\.\d+/.test(text), text);
    assert(text.includes("80 pictures in "), text);
    const again = await runTask("simulate", ["ecal", "--events", "40", "--out", out]);
    assertEquals([again.code, again.err.includes("is there already")], [1, true]);
  }));

for (const [signal, exit] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`simulate that is stopped by ${signal} exits with ${exit} and leaves nothing half-written`, () =>
    withFolder(async (folder) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...taskArguments("simulate"),
          ...["cygno", "--events", "100000", "--json", "--out", join(folder, "set.zip")],
        ],
        stdout: "null",
        stderr: "piped",
      }).spawn();
      // The archive's temporary name shows that the simulation is under way.
      await until("the archive to be begun", () => [...Deno.readDirSync(folder)].length > 0);
      child.kill(signal);
      const { code, stderr } = await child.output();
      assertEquals(code, exit);
      assert(
        new TextDecoder().decode(stderr).includes(`stopped by ${signal}: nothing half-written was left`),
      );
      assertEquals([...Deno.readDirSync(folder)], []);
    }));
}
