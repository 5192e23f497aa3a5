import { join } from "@std/path";
import { assert, assertEquals } from "../assert.ts";
import { assertDone, type Ended, runDeno } from "../task_command.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { pairCard, pairOnnx, SIDE, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { encodeIdx } from "../../lib/io/idx.ts";
import { decodeNpy, encodeNpy } from "../../lib/io/npy.ts";
import { sha256 } from "../../lib/base/sha256.ts";
import { openStore } from "../../lib/store/store.ts";

const root = join(import.meta.dirname!, "..", "..");

/** Runs the task as the command line does. */
function score(...args: string[]): Promise<Ended> {
  const allowed = ["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi"];
  return runDeno(["run", "--no-prompt", ...allowed, "tasks/score.ts", ...args], { cwd: root });
}

interface GraphModule {
  specifier: string;
  dependencies?: { code?: { specifier?: string } }[];
}

Deno.test("score waits for no decoder, chart or store before its first PNG", async () => {
  const { out } = await runDeno(["info", "--json", join(root, "tasks", "score.ts")], { cwd: root });
  const { roots, modules } = JSON.parse(out) as { roots: string[]; modules: GraphModule[] };
  const byName = new Map(modules.map((module) => [module.specifier, module]));
  const read = new Set(roots); // what Deno reads before anything runs: imports written out, also those within functions
  for (const name of read) {
    for (const { code } of byName.get(name)?.dependencies ?? []) {
      if (code?.specifier) read.add(code.specifier);
    }
  }
  const own = [...read].flatMap((name) => /\/lib\/(.*)$/.exec(name)?.[1] ?? []);
  assertEquals(
    own.filter((name) => /^(plot|run|store\/s|io\/(hdf5|root|fits|formats)|train|engine)/.test(name)),
    [],
  );
  assert(own.length > 40 && own.length < 80, own.join("\n"));
});

/** A folder with a run, a store and pictures. */
async function withFiles(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const onnx = tinyOnnx(), run = join(folder, "run"), frames = join(folder, "frames", "a");
    const card = tinyCard({ files: { "model.onnx": { bytes: onnx.length, sha256: await sha256(onnx) } } });
    await Deno.mkdir(run);
    await Deno.mkdir(frames, { recursive: true });
    await Deno.writeFile(join(run, "model.onnx"), onnx);
    await Deno.writeTextFile(join(run, "model.json"), JSON.stringify(card));
    await openStore(join(folder, "store")).publish(new Map([["model.onnx", onnx]]), card);
    await Deno.writeFile(join(frames, "1.png"), flatPng(10));
    await Deno.writeFile(join(frames, "2.png"), flatPng(20));
    await Deno.writeTextFile(join(frames, "notes.txt"), "hello");
    const stack = encodeIdx({ data: new Uint8Array(3 * 36).fill(30), shape: [3, 6, 6] });
    await Deno.writeFile(join(folder, "stack-idx3-ubyte"), stack);
    await Deno.writeFile(
      join(folder, "frame.npy"),
      encodeNpy({ data: new Float32Array(16).fill(40), shape: [4, 4] }),
    );
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const energies = (out: string) =>
  out.trim().split("\n").map((line) => Math.round(JSON.parse(line).answers.energy.value * 100) / 100);

Deno.test("score takes a run folder and every kind of word for files", () =>
  withFiles(async (folder) => {
    const run = join(folder, "run"), frames = join(folder, "frames");
    const table = await score(run, join(frames, "a", "1.png"));
    assertDone(table);
    assert(/1\.png +NR \([0-9.]+ %\) +1\.0 ± 2\.0 keV/.test(table.out), table.out);
    const csv = await score(run, join(frames, "a"), "--csv");
    const [header, first] = csv.out.trim().split("\n").map((line) => line.split(","));
    assertEquals(header.slice(3), ["energy_keV", "energy_uncertainty_keV", "model", "version"]);
    assertEquals([first[0].endsWith("1.png"), first[1], ...first.slice(3, 5)], [true, "NR", "1", "2"]);
    assertEquals(csv.out.trim().split("\n").length, 3);
    assert((await score(run, frames, "--csv", "--json")).err.includes("exclude each other"));
    const all = await score(run, frames, join(folder, "stack-idx3-ubyte"), join(folder, "*.npy"), "--json");
    assertEquals([all.code, energies(all.out)], [0, [1, 2, 3, 3, 3, 4]]);
    const pattern = await score(
      run,
      join(folder, "**", "*.png"),
      "--json",
      "--batch",
      "1",
      "--runtime",
      "wasm",
    );
    assertEquals([pattern.code, energies(pattern.out)], [0, [1, 2]]);
  }));

Deno.test("score takes a .onnx file with its card, and a model of a store by name, version or alias", () =>
  withFiles(async (folder) => {
    const png = join(folder, "frames", "a", "1.png"), store = ["--store", join(folder, "store"), "--json"];
    await openStore(join(folder, "store")).setAlias("tiny", "champion", "1");
    for (
      const args of [[join(folder, "run", "model.onnx"), png, "--json"], ["tiny", png, ...store], [
        "tiny/1",
        png,
        ...store,
      ], ["tiny/champion", png, ...store]]
    ) {
      const scored = await score(...args);
      assertDone(scored);
      assertEquals(energies(scored.out), [1]);
    }
  }));

Deno.test("score says in one line what is wrong, and goes on with the other files", () =>
  withFiles(async (folder) => {
    const run = join(folder, "run"), frames = join(folder, "frames", "a");
    const bad = await score(run, join(frames, "notes.txt"), join(frames, "2.png"), "--json");
    assertEquals([bad.code, energies(bad.out)], [1, [2]]);
    assert(bad.err.includes("notes.txt") && bad.err.trim().split("\n").length === 1, bad.err);
    for (
      const [args, code, words] of [
        [[run, join(folder, "none.png")], 2, "There is no file or folder"],
        [[run, join(folder, "*.fits")], 2, "No file fits"],
        [["nothing", join(frames, "1.png"), "--store", join(folder, "store")], 1, "Cannot find model"],
        [[run], 2, "FILE"],
      ] as [string[], number, string][]
    ) {
      const result = await score(...args);
      assertEquals([result.code, result.out], [code, ""], result.err);
      assert(result.err.includes(words) && result.err.trim().split("\n").length === 1, result.err);
    }
    await Deno.writeFile(join(run, "model.onnx"), tinyOnnx(2));
    const other = await score(run, join(frames, "1.png"));
    assertEquals(other.code, 1);
    assert(other.err.includes("SHA-256 differs"), other.err);
  }));

Deno.test("score takes a file for each input, and writes masks and images", () =>
  withFiles(async (folder) => {
    const run = join(folder, "pair"), out = join(folder, "out"), onnx = pairOnnx();
    await Deno.mkdir(run);
    await Deno.writeFile(join(run, "model.onnx"), onnx);
    await Deno.writeTextFile(join(run, "model.json"), JSON.stringify(pairCard()));
    await Deno.writeFile(join(folder, "s.npy"), encodeNpy({ data: Float32Array.of(1, 2), shape: [2] }));
    const inputs = `image=${join(folder, "frame.npy")},scalars=${join(folder, "s.npy")}`;
    const scored = await score(run, "--input", inputs, "--out", out, "--json");
    assertEquals([scored.code, energies(scored.out)], [0, [21.4]], scored.err);
    const names = (await Array.fromAsync(Deno.readDir(out), ({ name }) => name)).sort();
    const wanted = ["made.npy", "made.png", "mask.npy", "mask.png"].map((part) => `frame.npy.${part}`);
    assertEquals(names, wanted);
    const { data, shape } = decodeNpy(await Deno.readFile(join(out, "frame.npy.made.npy")));
    assertEquals([shape, Math.round(10 * Number(data[0]))], [[SIDE, SIDE, 1], 8]);
    const missing = await score(run, "--input", `image=${join(folder, "frame.npy")}`);
    assertEquals([missing.code, missing.err.includes("takes image, scalars")], [2, true], missing.err);
  }));

Deno.test("score says what it assumed of a file, takes --range and --page, and refuses pixels that are no numbers", () =>
  withFiles(async (folder) => {
    const run = join(folder, "full"), file = join(folder, "seven.npy");
    const input = {
      name: "image",
      shape: [SIDE, SIDE, 1],
      dtype: "float32" as const,
      units: "",
      range: [0, 255] as [number, number],
    };
    const card = tinyCard({ inputs: [input], preprocessing: [{ op: "scale", factor: 1 / 255 }] });
    await Deno.mkdir(run);
    await Deno.writeFile(join(run, "model.onnx"), tinyOnnx());
    await Deno.writeTextFile(join(run, "model.json"), JSON.stringify(card));
    const data = Float32Array.from({ length: 32 }, (_, i) => i < 16 ? i % 2 : 0.25);
    await Deno.writeFile(file, encodeNpy({ data, shape: [2, SIDE, SIDE] }));
    const assumed = await score(run, file, "--csv");
    assert(assumed.err.includes("warning: 32-bit floats from 0 to 1 are taken with white 1"), assumed.err);
    const said = await score(run, file, "--range", "0,2", "--page", "0", "--json");
    assertEquals([said.err, energies(said.out)], ["", [2.5]]);
    data[3] = NaN;
    await Deno.writeFile(file, encodeNpy({ data, shape: [2, SIDE, SIDE] }));
    const broken = await score(run, file, "--json", "--range", "0,1");
    assertEquals([broken.code, energies(broken.out)], [1, [2.5]]);
    assert(
      broken.err.includes("seven.npy[0]: Cannot score the picture") && broken.err.includes("row 0, column 3"),
    );
  }));

Deno.test("score takes a .npy file of more than it holds, and says whose picture is whose", () =>
  withFiles(async (folder) => {
    const path = join(folder, "survey.npy"), shape = [52, 2304, 2304], size = 2304 * 2304;
    const start = encodeNpy({ data: new Float32Array(0), shape: [0, 2304, 2304] });
    const header = String.fromCharCode(...start).replace(
      "(0, 2304, 2304), } ",
      `(${shape.join(", ")}), }`,
    );
    assertEquals(header.length, start.length, "the header keeps its length");
    {
      using file = await Deno.open(path, { write: true, create: true });
      await file.write(Uint8Array.from(header, (character) => character.charCodeAt(0)));
      await file.truncate(header.length + shape[0] * size * 4); // 1.1 GB of which the disk has next to nothing
      await file.seek(header.length + 51 * size * 4, Deno.SeekMode.Start);
      await file.write(new Uint8Array(new Float32Array(size).fill(40).buffer));
    }
    const scored = await score(join(folder, "run"), path, "--json");
    assertDone(scored);
    assertEquals(energies(scored.out), [...new Array(51).fill(0), 4]);
    assert(
      JSON.parse(scored.out.trim().split("\n")[51]).file.endsWith("survey.npy[51]"),
      "the last is named",
    );
  }));

Deno.test("--top ranks a file, draws the highest, and says what to label next", () =>
  withFiles(async (folder) => {
    const run = join(folder, "run"), survey = join(folder, "survey.npy"), sheet = join(folder, "best.png");
    const data = Float32Array.from({ length: 5 * 36 }, (_, i) => [30, 90, 10, 60, 0][Math.floor(i / 36)]);
    await Deno.writeFile(survey, encodeNpy({ data, shape: [5, 6, 6, 1] }));
    const top = ["--top", "2"];
    const { code, out, err } = await score(
      run,
      survey,
      ...top,
      "--label",
      "NR",
      "--sheet",
      sheet,
      "--label-next",
      "1",
      "--json",
    );
    assertEquals(code, 0, err);
    const records = out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(records.filter(({ type }) => type === "ranked").map(({ example }) => example), [1, 3]);
    assertEquals(records.filter(({ type }) => type === "labelNext").map(({ example }) => example), [4]); // p = 1/2
    assertEquals([...(await Deno.readFile(sheet)).subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
    const ranged = join(folder, "ranged"),
      card = JSON.parse(await Deno.readTextFile(join(run, "model.json")));
    await Deno.mkdir(ranged);
    await Deno.copyFile(join(run, "model.onnx"), join(ranged, "model.onnx"));
    card.inputs[0].range = [0, 255];
    await Deno.writeTextFile(join(ranged, "model.json"), JSON.stringify(card));
    for (
      const [args, message] of [
        [[ranged, survey, ...top, "--label", "NR"], "known what is black and white in the file"],
        [[run, survey, ...top, "--label", "WIMP"], 'no score of "WIMP": its labels are ER, NR'],
        [[run, survey, survey, ...top], "--top ranks one file: got 2"],
        [[run, survey, "--sheet", sheet], "go with --top"],
        [[run, survey, ...top, "--sheet", "best.pdf"], "must be a .png or .svg"],
      ] as const
    ) {
      const failed = await score(...args);
      assert(failed.code !== 0 && failed.err.includes(message), failed.err);
    }
  }));
