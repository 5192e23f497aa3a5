import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { nowOfPrograms } from "../clock.ts";
import { withFolder } from "../folder.ts";
import { exampleCard } from "../lib/card/example_card.ts";
import { runTask } from "../task_command.ts";
import { openStore, type Store } from "../../lib/store/store.ts";

/** A store with three versions of one model, and what the task says of it. */
function withModels(
  test: (
    models: (...args: string[]) => ReturnType<typeof runTask>,
    store: Store,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const store = openStore(join(folder, "store"));
    for (let i = 1; i <= 3; i++) {
      await store.publish(new Map([["model.onnx", Uint8Array.of(i)]]), exampleCard());
    }
    await test((...args) => runTask("models", args, { cwd: folder }), store, folder);
  });
}

Deno.test("models lists, shows, gives aliases, rolls them back and takes them away", () =>
  withModels(async (models) => {
    for (const version of ["1", "3"]) {
      assertEquals((await models("alias", `mnist/${version}`, "champion")).code, 0);
    }
    const listed = JSON.parse((await models("--json")).out);
    assertEquals(listed, {
      type: "model",
      model: "mnist",
      versions: "1 2 3",
      latest: "3",
      aliases: "champion=3",
    });
    const shown = (await models("show", "mnist/champion")).out;
    assert(
      shown.startsWith("mnist version 3 (champion)") && shown.includes("gives  digit classes [batch, 2]"),
      shown,
    );
    assertEquals((await models("rollback", "mnist", "champion")).out, "mnist@champion means version 1 again");
    assertEquals((await models("rollback", "mnist", "champion")).out, "mnist@champion means version 3 again");
    assertEquals((await models("alias", "mnist", "champion", "--remove")).code, 0);
    assertEquals(JSON.parse((await models("--json")).out).aliases, "");
  }));

Deno.test("models deletes a version by its number, and none that an alias means", () =>
  withModels(async (models, store) => {
    await store.setAlias("mnist", "champion", "2");
    const held = await models("delete", "mnist/2");
    assertEquals([held.code, held.err.includes('alias "champion" still means it')], [1, true], held.err);
    assertEquals((await models("delete", "mnist")).code, 2);
    assertEquals((await models("delete", "mnist/3")).code, 0);
    assertEquals(await store.versions("mnist"), ["1", "2"]);
    const none = await models("rollback", "mnist", "spare");
    assertEquals([none.code, none.err.includes("meant no other version")], [1, true], none.err);
  }));

Deno.test("models verifies every checksum and names what is damaged", () =>
  withModels(async (models, _, folder) => {
    assertEquals((await models("verify")).code, 0);
    await Deno.writeFile(join(folder, "store", "mnist", "2", "model.onnx"), Uint8Array.of(9));
    const { code, out } = await models("verify", "mnist");
    assertEquals(code, 1);
    assertEquals(out.split("\n").map((line) => line.split(" ").filter(Boolean).slice(0, 2)), [
      ["ok", "mnist/1"],
      ["DAMAGED", "mnist/2:"],
      ["ok", "mnist/3"],
    ]);
    assertEquals((await models("verify", "mnist/3")).code, 0);
  }));

Deno.test("models prunes what unfinished publishers left, and nothing that may be on its way", () =>
  withModels(async (models, store, folder) => {
    const unfinished = join(folder, "store", "mnist", "4"), temporary = `.${crypto.randomUUID()}.tmp`;
    await Deno.mkdir(unfinished);
    const claim = JSON.stringify({ claimed: new Date(nowOfPrograms() - 3_600_000).toISOString() });
    await Deno.writeTextFile(join(unfinished, "claim.json"), claim);
    await Deno.writeTextFile(join(unfinished, "model.onnx"), "half");
    await Deno.writeTextFile(join(unfinished, temporary), "half");
    assert((await models("prune")).out.startsWith("0 files"));
    const { out } = await models("prune", "--older-than", "0.5");
    assert(
      out.includes("deleted mnist/4/model.onnx") && out.endsWith("1 files of unfinished versions deleted"),
      out,
    );
    assert((await models("prune", "--older-than", "0")).out.includes(temporary));
    assertEquals(await store.publish(new Map([["model.onnx", Uint8Array.of(5)]]), exampleCard()), "5");
    assertEquals((await models("verify")).code, 0);
  }));

Deno.test("models says in one line what is wrong", () =>
  withModels(async (models) => {
    for (
      const [args, code, words] of [
        [["destroy"], 2, "there are list, show"],
        [["show"], 2, "show NAME[/VERSION]"],
        [["show", "mnist/9"], 1, "versions 1, 2, 3"],
        [["alias", "mnist/1", "a/b"], 1, 'Cannot use "a/b" as an alias'],
        [["show", "a/b/c"], 2, "is not NAME/VERSION"],
      ] as [string[], number, string][]
    ) {
      const result = await models(...args);
      assertEquals([result.code, result.out, result.err.split("\n").length], [code, "", 1], result.err);
      assert(result.err.includes(words), result.err);
    }
  }));
