import { assert, assertClose, assertEquals } from "../../assert.ts";
import { nowOfPrograms } from "../../clock.ts";
import { withFolder } from "../../folder.ts";

/** What a test says that runs under hardship. */
const PROBE = `
Deno.test("a", async () => {
  const path = new URL("written", import.meta.url), now = Date.now();
  await Deno.writeTextFile(path, "");
  await Deno.utime(path, new Date(), new Date(now - 5000));
  using file = await Deno.open(path);
  console.log(JSON.stringify({
    now: [now, new Date().getTime()],
    file: [(await Deno.stat(path)).mtime!.getTime(), file.statSync().mtime!.getTime()],
    isDate: (await Deno.stat(path)).mtime instanceof Date && new Date(5).getTime() === 5,
    zone: new Date(0).getTimezoneOffset(),
  }));
});
Deno.test("b", () => {});
Deno.test("c", () => {});
`;

Deno.test("test task with --hard runs tomorrow, in another zone, in an order of its own, and tells it", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/some_test.ts`, PROBE);
    const run = async (seed: string) => {
      const { code, stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "tasks/test.ts", `${folder}/some_test.ts`, "--hard", "--seed", seed],
        env: { CI: "false", NO_COLOR: "1" },
        stdin: "null",
        stderr: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      const order = [...text.matchAll(/^\.?\S* => ([abc]) |^([abc]) \.\.\. /gm)].map(([, a, b]) => a ?? b)
        .join("");
      return { code, text, order };
    };
    const start = nowOfPrograms(), first = await run("1");
    assertEquals(first.code, 0);
    assert(first.text.includes("in order 1\n"), first.text);
    const told = JSON.parse(/^\{.*\}$/m.exec(first.text)![0]);
    const day = 86_400_000, end = nowOfPrograms();
    const MINUTE = 60_000; // a machine may set its clock meanwhile
    for (const now of told.now) {
      assert(
        now >= start + day - MINUTE && now <= end + day + MINUTE,
        `${now} is not between ${start} and ${end} of tomorrow`,
      );
    }
    for (const time of told.file) assertClose(time, told.now[0] - 5000, 2 / told.now[0]);
    assertEquals([told.isDate, told.zone], [true, -330]);
    const orders = new Set([first.order, (await run("2")).order, (await run("3")).order]);
    assert(orders.size > 1, `always in the order ${[...orders]}`);
  }));
