/** Where a model comes from by what a user writes. */
import { join } from "@std/path";
import { sha256 } from "../../../lib/base/sha256.ts";
import { findModel } from "../../../lib/score/model_source.ts";
import { openStore } from "../../../lib/store/store.ts";
import { tinyCard, tinyOnnx } from "../../tiny_model.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const noStore = () => {
  throw new Error("the store is not asked");
};
const cardText = (name: string, digest?: string) =>
  JSON.stringify(tinyCard({ name, ...digest && { files: { "model.onnx": { bytes: 1, sha256: digest } } } }));

Deno.test("findModel() takes a run folder, or a file with its own card before the folder's", () =>
  withFolder(async (folder) => {
    const write = (name: string, content: string) => Deno.writeTextFile(join(folder, name), content);
    await Deno.writeFile(join(folder, "model.onnx"), tinyOnnx(3));
    await Deno.writeFile(join(folder, "other.onnx"), tinyOnnx(4));
    const file = join(folder, "other.onnx");
    await assertRejects(() => findModel(file, noStore), Deno.errors.NotFound, "Cannot find the model card");
    await write("model.json", cardText("run", await sha256(tinyOnnx(3))));
    const run = await findModel(folder, noStore);
    assertEquals([run.card.name, run.onnx], ["run", tinyOnnx(3)]);
    await write("other.json", cardText("own"));
    const own = await findModel(file, noStore);
    assertEquals([own.card.name, own.onnx], ["own", tinyOnnx(4)]);
    await write("model.json", cardText("run", await sha256(tinyOnnx(4))));
    await assertRejects(() => findModel(folder, noStore), Error, "its SHA-256 differs");
    await Deno.remove(join(folder, "model.onnx"));
    await assertRejects(() => findModel(folder, noStore), Deno.errors.NotFound, "Cannot find the model ");
    await write("model.json", "{");
    await assertRejects(() => findModel(folder, noStore), SyntaxError);
  }));

Deno.test("findModel() does not call missing what is there and cannot be read", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "model.json"));
    const ofCard = await assertRejects(() => findModel(folder, noStore), Error);
    assertEquals(ofCard.message.includes("Cannot find"), false);
    await Deno.remove(join(folder, "model.json"));
    await Deno.writeTextFile(join(folder, "model.json"), cardText("run"));
    await Deno.mkdir(join(folder, "model.onnx"));
    const ofModel = await assertRejects(() => findModel(folder, noStore), Error);
    assertEquals(ofModel.message.includes("Cannot find"), false);
  }));

Deno.test("findModel() looks names up in the store: the latest version, a version, an alias", () =>
  withFolder(async (folder) => {
    const store = openStore(join(folder, "store"));
    for (const gain of [1, 2]) {
      await store.publish(new Map([["model.onnx", tinyOnnx(gain)]]), tinyCard());
    }
    await store.setAlias("tiny", "best", "1");
    const found = await Promise.all(
      ["tiny", "tiny/1", "tiny/best"].map((name) => findModel(name, () => Promise.resolve(store))),
    );
    assertEquals(found.map(({ onnx }) => onnx), [tinyOnnx(2), tinyOnnx(1), tinyOnnx(1)]);
    assertEquals(found.map(({ card }) => card.version), ["2", "1", "1"]);
    await assertRejects(
      () => findModel("a/b/c", noStore),
      Deno.errors.NotFound,
      "no NAME/VERSION of a store",
    );
  }));
