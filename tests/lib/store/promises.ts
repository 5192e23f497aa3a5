/** What every store promises, wherever its bytes lie. @module */
import { NotInStoreError, type Store } from "../../../lib/store/store.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { exampleCard } from "../card/example_card.ts";

/** Runs an empty store through everything it can do. */
export async function assertStoreKeepsItsPromises(store: Store): Promise<void> {
  const onnx = (byte: number) => new Map([["model.onnx", Uint8Array.of(byte, 2, 3)]]);
  assertEquals(await store.list(), []);
  await assertRejects(() => store.resolve("mnist"), NotInStoreError, `Cannot find model "mnist"`);

  // Versions count up; the stored card knows its version and its files.
  assertEquals(await store.publish(onnx(1), exampleCard()), "1");
  assertEquals(await store.publish(onnx(2), exampleCard()), "2");
  assertEquals(await store.publish(onnx(9), exampleCard("mnist2")), "1");
  const { card, files } = await store.fetch("mnist", "latest");
  assertEquals(card.version, "2");
  assertEquals(card.files["model.onnx"].bytes, 3);
  assertEquals([...files.keys()].sort(), ["model.json", "model.onnx"]);
  assertEquals(files.get("model.onnx"), Uint8Array.of(2, 2, 3));
  assertEquals([...(await store.fetch("mnist", "1", { files: [] })).files.keys()], ["model.json"]);
  await assertRejects(
    () => store.fetch("mnist", "1", { files: ["x"] }),
    NotInStoreError,
    "there are model.onnx",
  );

  // Aliases name versions, and their history is kept.
  await assertRejects(() => store.fetch("mnist", "champion"), NotInStoreError, "there are versions 1, 2");
  assertEquals(await store.setAlias("mnist", "champion", "latest"), "2");
  assertEquals(await store.setAlias("mnist", "champion", "1"), "1");
  assertEquals(await store.setAlias("mnist", "rival", "champion"), "1");
  assertEquals((await store.card("mnist", "champion")).version, "1");
  await assertRejects(
    () => store.setAlias("mnist", "champion", "3"),
    NotInStoreError,
    "aliases champion, rival",
  );
  for (const alias of ["latest", "7", "../x", ""]) {
    await assertRejects(() => store.setAlias("mnist", alias, "1"), RangeError);
  }
  await store.removeAlias("mnist", "rival");
  assertEquals(
    (await store.aliasHistory("mnist")).map(({ alias, version }) => [alias, version]),
    [["champion", "2"], ["champion", "1"], ["rival", "1"], ["rival", undefined]],
  );
  assertEquals(await store.list(), [
    { name: "mnist", versions: ["1", "2"], aliases: { champion: "1" } },
    { name: "mnist2", versions: ["1"], aliases: {} },
  ]);

  // Writers of one alias at once: every change arrives.
  const names = Array.from({ length: 5 }, (_, i) => `at-once-${i}`);
  await Promise.all(names.map((name) => store.setAlias("mnist", name, "2")));
  assertEquals(Object.keys(await store.aliases("mnist")).sort(), [...names, "champion"]);
  await Promise.all(names.map((name) => store.removeAlias("mnist", name)));

  // Publishers at once: every version is somebody's own.
  const versions = await Promise.all([3, 4, 5, 6].map((byte) => store.publish(onnx(byte), exampleCard())));
  assertEquals(versions.sort(), ["3", "4", "5", "6"]);
  const first = await Promise.all(
    versions.map(async (v) => (await store.fetch("mnist", v)).files.get("model.onnx")![0]),
  );
  assertEquals(first.sort(), [3, 4, 5, 6]);

  // A removed version is gone, and its number is not used again.
  await assertRejects(() => store.remove("mnist", "1"), RangeError, `alias "champion" still means it`);
  await store.remove("mnist", "6");
  await assertRejects(() => store.fetch("mnist", "6"), NotInStoreError, "there are versions 1, 2, 3, 4, 5");
  assertEquals(await store.publish(onnx(7), exampleCard()), "7");

  // Names from outside never become paths.
  for (const model of ["..", "../mnist", "/etc", "a/b", ""]) {
    await assertRejects(() => store.versions(model), RangeError);
    await assertRejects(() => store.aliases(model), RangeError);
    await assertRejects(() => store.aliasHistory(model), RangeError);
    await assertRejects(() => store.removeAlias(model, "champion"), RangeError);
    await assertRejects(() => store.setAlias(model, "champion", "1"), RangeError);
    await assertRejects(() => store.remove(model, "1"), RangeError);
    await assertRejects(() => store.fetch(model), RangeError);
  }
  for (const name of ["../x", "/x", "a//b", "manifest.json", "claim.json", ".x"]) {
    await assertRejects(() => store.publish(new Map([[name, Uint8Array.of(1)]]), exampleCard()), RangeError);
  }
  await assertRejects(() => store.publish(new Map(), exampleCard()), RangeError, "there are no files");
}
