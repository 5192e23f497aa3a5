import { join } from "@std/path";
import { measureOnce } from "../../tasks/bench/_kept_figures.ts";
import { assertEquals, assertRejects } from "../assert.ts";
import { withFolder } from "../folder.ts";

Deno.test("measureOnce() measures again only what no earlier run measured with these settings", () =>
  withFolder(async (folder) => {
    const said: string[] = [],
      context = { keep: join(folder, "kept"), say: (line: string) => said.push(line) };
    const of = (value: number, settings: unknown, keep: string | undefined = context.keep) =>
      measureOnce({ ...context, keep }, "lenses/none-1", settings, () => Promise.resolve([value]));
    assertEquals(await of(1, { epochs: 1 }), [1]);
    assertEquals(await of(2, { epochs: 1 }), [1], "kept");
    assertEquals(said, ["lenses/none-1: kept"]);
    assertEquals(await of(3, { epochs: 2 }), [3], "other settings");
    assertEquals(await of(4, { epochs: 2 }), [3]);
    const short = { ...context, isShort: true };
    assertEquals(await measureOnce(short, "lenses/none-1", {}, () => Promise.resolve("little")), "little");
    assertEquals(await of(4, { epochs: 2 }), [3], "the short form's figure is apart");
    const nowhere = { keep: undefined, say: context.say };
    assertEquals(await measureOnce(nowhere, "lenses/none-1", { epochs: 2 }, () => Promise.resolve(5)), 5);
    const stopped = { ...context, signal: AbortSignal.abort() };
    await assertRejects(() => measureOnce(stopped, "another", 1, () => Promise.resolve(6)), DOMException);
  }));

Deno.test("measureOnce() names a file that holds no figure, and a name that is none", () =>
  withFolder(async (folder) => {
    const context = { keep: folder, say: () => {} };
    const measure = (name: string) => measureOnce(context, name, 1, () => Promise.resolve(1));
    await Deno.writeTextFile(join(folder, "a.json"), '{"settings":1');
    await assertRejects(() => measure("a"), SyntaxError, 'a.json": got');
    for (const name of ["../a", "", "a.b", "/a"]) {
      await assertRejects(() => measure(name), RangeError, `"${name}"`);
    }
  }));
