/** Models behind plain web addresses: what is asked for, what is compared, and what a host hears of a bad answer. */
import { sha256 } from "../../../lib/base/sha256.ts";
import { openHttpModels } from "../../../lib/score/http_models.ts";
import { assertEquals, assertRejects } from "../../assert.ts";
import { tinyCard } from "../../tiny_model.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Files of versions at addresses, and every request. */
async function addresses(versions: [folder: string, model: string, version: string][]) {
  const files = new Map<string, Uint8Array<ArrayBuffer>>(), asked: string[] = [];
  for (const [folder, model, version] of versions) {
    const own = {
      "model.json": bytesOf(JSON.stringify(tinyCard({ name: model }))),
      "model.onnx": bytesOf(`${model}/${version}`),
      "more.txt": bytesOf("more"),
    };
    const entries: Record<string, { bytes: number; sha256: string }> = {};
    for (const [name, bytes] of Object.entries(own)) {
      files.set(`${folder}/${name}`, bytes);
      entries[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
    }
    files.set(`${folder}/manifest.json`, bytesOf(JSON.stringify({ model, version, files: entries })));
  }
  const fetch = (url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(`${url}${headers.authorization ? " " + headers.authorization : ""}`);
    const bytes = files.get(url);
    return Promise.resolve(bytes ? new Response(bytes) : new Response("none here", { status: 404 }));
  };
  return { files, asked, fetch };
}

Deno.test("openHttpModels() lists versions by number, reads what is asked for, and a manifest once", async () => {
  const { asked, fetch } = await addresses([["http://h/ten", "a", "10"], ["http://h/nine", "a", "9"], [
    "http://h/b",
    "b",
    "1",
  ]]);
  const store = openHttpModels(["http://h/ten/", "http://h/nine", "http://h/b"], {
    fetch,
    headers: { authorization: "Bearer x" },
  });
  assertEquals(store.location, "http://h/ten/ http://h/nine http://h/b");
  assertEquals(await store.list(), [
    { name: "a", versions: ["9", "10"], aliases: {} },
    { name: "b", versions: ["1"], aliases: {} },
  ]);
  const { card, files } = await store.fetch("a", "10");
  assertEquals([card.name, [...files.keys()].sort()], ["a", ["model.json", "model.onnx"]]);
  assertEquals(new TextDecoder().decode(files.get("model.onnx")), "a/10");
  const some = await store.fetch("b", "1", { files: ["more.txt"] });
  assertEquals([...some.files.keys()].sort(), ["model.json", "more.txt"]);
  const wanted = ["ten/manifest", "nine/manifest", "b/manifest", "ten/model", "b/model"];
  const json = asked.filter((one) => one.includes(".json"));
  assertEquals(json, wanted.map((path) => `http://h/${path}.json Bearer x`));
});

Deno.test("openHttpModels() says what a server answers, what is not as its manifest says, and what is not there", async () => {
  const { files, fetch } = await addresses([["http://h/a", "a", "1"]]);
  const store = openHttpModels(["http://h/a"], { fetch });
  const manifest = files.get("http://h/a/manifest.json")!;
  files.delete("http://h/a/manifest.json");
  await assertRejects(() => store.list(), Error, "Cannot read http://h/a/manifest.json: the answer was 404");
  files.set("http://h/a/manifest.json", manifest);
  assertEquals((await store.list()).length, 1, "it is looked at again");
  const refused = "Cannot use http://h/a/model.onnx as it is not what its manifest says";
  for (const other of ["a/2", "a/1 and more"]) {
    files.set("http://h/a/model.onnx", bytesOf(other));
    await assertRejects(() => store.fetch("a", "1"), Error, refused);
  }
  files.set("http://h/a/none.txt", bytesOf("strange"));
  await assertRejects(() => store.fetch("a", "1", { files: ["none.txt"] }), Error, "a/none.txt as it is not");
  for (const [model, version] of [["a", "2"], ["b", "1"]]) {
    const none = `There is no version ${version} of model "${model}"`;
    await assertRejects(() => store.fetch(model, version), Error, none);
  }
});
