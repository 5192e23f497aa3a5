import { join } from "@std/path";
import { makeFolderOnce, makeOnce } from "../../../lib/data/made_once.ts";
import { acquireLock } from "../../../lib/base/lock.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const isFile = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test("makeOnce() has one of many make it, the others find it", () =>
  withFolder(async (folder) => {
    const place = join(folder, "new", "set.txt");
    let made = 0;
    const make = async () => {
      made++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Deno.writeTextFile(place, "whole");
    };
    const all = await Promise.all([1, 2, 3].map(() => makeOnce(place, () => isFile(place), make)));
    assertEquals([made, all.filter(Boolean).length], [1, 1]);
    assertEquals(await makeOnce(place, () => isFile(place), make), false);
    assertEquals([...Deno.readDirSync(join(folder, "new"))].map(({ name }) => name), ["set.txt"]);
  }));

Deno.test("makeOnce() says whom it waits for, and stops waiting when it is told to", () =>
  withFolder(async (folder) => {
    const place = join(folder, "set.txt"), lines: string[] = [];
    using lock = await acquireLock(`${place}.lock`);
    const controller = new AbortController();
    const log = (line: string) => {
      lines.push(line);
      controller.abort(new Error("enough"));
    };
    const waiting = makeOnce(place, () => isFile(place), () => Promise.resolve(), {
      signal: controller.signal,
      log,
    });
    await assertRejects(() => waiting, Error, "enough");
    assertEquals(lines, [
      `Waiting for "${place}", which process ${Deno.pid} on ${lock.owner.host}, since ${lock.owner.since} makes`,
    ]);
  }));

Deno.test("makeFolderOnce() fills a folder that has its name once it is whole, without what a killed process left", () =>
  withFolder(async (folder) => {
    const place = join(folder, "new", "set"), unfinished = `${place}.unfinished`;
    await Deno.mkdir(unfinished, { recursive: true });
    await Deno.writeTextFile(join(unfinished, "half.txt"), "ha");
    const failing = () => makeFolderOnce(place, () => Promise.reject(new Error("disk full")));
    await assertRejects(failing, Error, "disk full");
    assertEquals(await isFile(place), false);
    const fill = async (folder: string) => {
      assertEquals([folder, [...Deno.readDirSync(folder)], await isFile(place)], [unfinished, [], false]);
      await Deno.writeTextFile(join(folder, "whole.txt"), "whole");
    };
    assertEquals([await makeFolderOnce(place, fill), await makeFolderOnce(place, fill)], [true, false]);
    assertEquals([...Deno.readDirSync(join(folder, "new"))].map(({ name }) => name), ["set"]);
    assertEquals([...Deno.readDirSync(place)].map(({ name }) => name), ["whole.txt"]);
  }));

Deno.test("makeOnce() leaves the lock free where making fails", () =>
  withFolder(async (folder) => {
    const place = join(folder, "set.txt");
    const failing = () => makeOnce(place, () => isFile(place), () => Promise.reject(new Error("disk full")));
    await assertRejects(failing, Error, "disk full");
    await assertRejects(failing, Error, "disk full");
  }));
