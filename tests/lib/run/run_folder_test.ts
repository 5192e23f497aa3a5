import { join } from "@std/path";
import { newRecord, prepareFolder, readRecord, runPaths, writeRecord } from "../../../lib/run/run_folder.ts";
import { assert, assertEquals, assertRejects } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

const there = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test("prepareFolder() makes a folder and its checkpoint's, and takes them away again while they are empty", () =>
  withFolder(async (folder) => {
    const run = join(folder, "deep", "run");
    const undo = await prepareFolder(run);
    assertEquals([...Deno.readDirSync(run)].map(({ name }) => name), ["checkpoint"]);
    await undo(() => {});
    assertEquals([await there(run), await there(join(folder, "deep"))], [false, true]);
    const used = await prepareFolder(run);
    await Deno.writeTextFile(join(run, "checkpoint", "state"), "x");
    await used(() => {});
    assert(await there(join(run, "checkpoint", "state")), "what is in use stays");
    const own = join(folder, "own");
    await Deno.mkdir(own);
    await (await prepareFolder(own))(() => {});
    assertEquals(
      [await there(own), await there(join(own, "checkpoint"))],
      [true, false],
      "it was there before",
    );
  }));

Deno.test("prepareFolder() clears away what a killed run was writing, and nothing else", () =>
  withFolder(async (folder) => {
    await prepareFolder(folder);
    const names = [
      "run.json.1a2b3c4d.part",
      "checkpoint/state.safetensors.1a2b3c4d.part",
      "history.csv",
      "a.partial",
    ];
    for (const name of names) await Deno.writeTextFile(join(folder, name), "x");
    await prepareFolder(folder);
    assertEquals(await Promise.all(names.map((name) => there(join(folder, name)))), [
      false,
      false,
      true,
      true,
    ]);
  }));

Deno.test("prepareFolder() finds out in advance that the disk is full, and leaves no probe", () =>
  withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    await assertRejects(() => prepareFolder(file), Error, `Cannot write to run folder "${file}": `);
    await withFileSystem(async () => {
      const { message } = await assertRejects(() => prepareFolder(folder));
      assertEquals(message, `Cannot write to run folder "${folder}": it failed (ENOSPC)`);
    }, (call) => call.startsWith("writeFile .probe") ? diskError("ENOSPC") : undefined);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["checkpoint", "file"]);
  }));

Deno.test("readRecord() gives back what writeRecord() wrote, durably, and refuses what is none", () =>
  withFolder(async (folder) => {
    assertEquals(await readRecord(folder), undefined);
    await Deno.writeTextFile(join(folder, "file"), "");
    assertEquals(await readRecord(join(folder, "file")), undefined);
    const record = newRecord("digits", { epochs: 3 });
    assertEquals([record.experiment, record.options, record.state], ["digits", { epochs: 3 }, "running"]);
    assert(Math.abs(Date.parse(record.started) - Date.now()) < 60_000);
    assertEquals([record.versions.deno, record.host], [Deno.version.deno, Deno.hostname()]);
    await withFileSystem(async (calls) => {
      await writeRecord(folder, record);
      assertEquals(calls.slice(1, 4).map((call) => call.split(" ")[0]), ["write", "sync", "rename"]);
    });
    assertEquals(await readRecord(folder), record);
    const path = runPaths(folder).record;
    for (
      const [text, words] of [
        ["{", "it is no JSON"],
        ["null", 'it has format "undefined"'],
        [JSON.stringify({ ...record, format: "old/1" }), 'it has format "old/1", this version goes on with'],
        [JSON.stringify({ ...record, options: undefined }), "it has format"],
      ]
    ) {
      await Deno.writeTextFile(path, text);
      await assertRejects(() => readRecord(folder), SyntaxError, `Cannot read "${path}": ${words}`);
    }
    await Deno.remove(path);
    await Deno.mkdir(path);
    await assertRejects(() => readRecord(folder), Error, "directory");
  }));

Deno.test("runPaths() names the files of a run", () => {
  assertEquals(Object.values(runPaths("r")).map((path) => path.replaceAll("\\", "/")), [
    "r/run.json",
    "r/run.lock",
    "r/history.csv",
    "r/checkpoint/state.safetensors",
    "r/model.keras",
    "r/model.onnx",
    "r/model.json",
    "r/plots",
    "r/report.html",
    "r/trace.json",
    "r/plugins/profile/steps/run.xplane.pb",
  ]);
});
