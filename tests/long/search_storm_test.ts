import { assert } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { checkAll, endOf, makeStudy, startWorker } from "../lib/search/_storm.ts";

Deno.test("eight processes share 20,000 trials of nothing: none is lost, none is done twice", () =>
  withFolder(async (folder) => {
    await makeStudy(folder, 20_000);
    await Promise.all(Array.from({ length: 8 }, () => endOf(startWorker(folder))));
    await checkAll(folder, 20_000);
  }));

Deno.test("500 processes killed at random, in writes, links and locks too, lose nothing", () =>
  withFolder(async (folder) => {
    const trials = 8_000;
    await makeStudy(folder, trials);
    let deaths = 0;
    /** Half of them die inside a call of the file system, half whenever it happens. */
    const keepGoing = async (byItself: boolean) => {
      for (;;) {
        const child = startWorker(folder, byItself ? 0.002 : 0, 1);
        const killer = byItself ? undefined : setTimeout(() => kill(child), 150 + 250 * Math.random());
        const { signal } = await endOf(child);
        clearTimeout(killer);
        if (signal === null) return;
        if (++deaths >= 500) break;
      }
      await endOf(startWorker(folder)); // the last of this lane ends what is left in peace
    };
    await Promise.all([keepGoing(true), keepGoing(false), keepGoing(true), keepGoing(false)]);
    console.log(`${deaths} processes died`);
    assert(deaths >= 500, `only ${deaths} processes died`);
    await checkAll(folder, trials);
  }));

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
