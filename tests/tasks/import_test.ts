import { join } from "@std/path";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { assertDone, runTask } from "../task_command.ts";
import { pairOnnx, tinyOnnx } from "../tiny_model.ts";

Deno.test("import puts a foreign model into a store, where score finds it", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(join(folder, "pair.onnx"), pairOnnx());
    const outputs = [
      { name: "energy", kind: "value", units: "keV" },
      { name: "mask", kind: "mask", labels: ["none", "track"] },
      { name: "made", kind: "image", units: "" },
    ];
    await Deno.writeTextFile(join(folder, "card.json"), JSON.stringify({ outputs }));
    const said = ["pair.onnx", "--card", "card.json", "--values", "0,1", "--alias", "champion"];
    const done = await runTask("import", said, { cwd: folder });
    assertDone(done);
    assert(done.out.startsWith("pair version 1 is in file:"), done.out);
    assertEquals(await openStore(join(folder, "store")).list(), [
      { name: "pair", versions: ["1"], aliases: { champion: "1" } },
    ]);
  }));

Deno.test("import asks by lines for what it must know, and publishes nothing", () =>
  withFolder(async (folder) => {
    await Deno.writeFile(join(folder, "tiny.onnx"), tinyOnnx());
    const { code, out, err } = await runTask("import", ["tiny.onnx"], { cwd: folder });
    assertEquals([code, out, err.split("\n").length], [2, "", 4], err);
    assert(
      err.includes('Input "image" [4, 4, 1]: --values') && err.includes('Output "energy" [1]: --card'),
      err,
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["tiny.onnx"]);
  }));
