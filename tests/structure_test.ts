/**
 * The rules of the tree that no compiler checks: which room of lib/ may import which, who may name TensorFlow.js,
 * what lib/ must not do, and what may be committed.
 * @module
 */
import { dirname, join, normalize } from "@std/path";
import { assert, assertEquals } from "./assert.ts";
import { readSource as read, ROOT as root } from "./sources.ts";

/** The rooms of lib/ and the rooms that each may import, beside itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  engine: ["base"],
  io: ["base"],
  image: ["base", "io"],
  simulate: ["base", "io", "image"],
  data: ["base", "io", "image"],
  augment: ["base", "image", "engine"],
  layers: ["base", "engine"],
  models: ["base", "engine", "layers"],
  train: ["base", "engine", "data", "augment", "image"],
  search: ["base"],
  evaluate: ["base"],
  plot: ["base", "evaluate", "io"],
  export: ["base", "engine", "layers", "io"],
  card: ["base", "io", "image"],
  store: ["base", "io", "card"],
  score: ["base", "io", "image", "card", "store"],
  serve: ["base", "io", "image", "card", "store", "score"],
};
/** Above all other rooms, lowest first: each may import all below it, `serve` left out. */
const ABOVE_ALL = ["run", "experiments", "mod.ts", "notebook.ts"];

function mayFromAbove(room: string, other: string): boolean {
  const level = ABOVE_ALL.indexOf(room);
  return other !== "serve" && !ABOVE_ALL.slice(level + 1).includes(other);
}

const TOP_LEVEL = [
  "deno.json",
  "deno.lock",
  "functions",
  "lib",
  "LICENSE",
  "notebooks",
  "README.md",
  "tasks",
  "tests",
];

/** Every committed or new file that git does not ignore and that is still there. */
const files = await listFiles();

async function listFiles(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: root,
  }).output();
  assert(success, "git ls-files failed");
  const names = new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "");
  const present = await Promise.all(
    names.map((name) => Deno.stat(join(root, name)).then(() => true, () => false)),
  );
  return [...new Set(names.filter((_, i) => present[i]))];
}

const sources = (...folders: string[]) =>
  files.filter((file) => file.endsWith(".ts") && folders.some((folder) => file.startsWith(`${folder}/`)));

/** The code of a file without comments, line numbers kept. */
function codeOf(file: string): string {
  return read(file)
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ""))
    .replaceAll(/(^|\s)\/\/.*$/gm, "$1");
}

/** Every module that a file imports, re-exports, loads later or starts as a worker. */
function importsOf(file: string): string[] {
  const found = codeOf(file).matchAll(
    /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*|\bimport\.meta\.resolve\(\s*)"([^"]+)"/g,
  );
  return [...found].map(([, specifier]) => specifier);
}

/** Where a module is that a file names by a path beside itself. */
const placeOf = (name: string, file: string) => normalize(join(dirname(file), name)).replaceAll("\\", "/");

/** Lines of `file` whose code matches, for a failure that can be clicked. */
function linesWith(file: string, pattern: RegExp, text = codeOf(file)): string[] {
  return text.split("\n").flatMap((line, i) =>
    pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []
  );
}

Deno.test("rooms of lib/ import only the rooms they may", () => {
  const strangers = files.filter((file) => file.startsWith("lib/"))
    .map((file) => file.split("/")[1])
    .filter((room) => !(room in ROOMS) && !ABOVE_ALL.includes(room));
  assertEquals([...new Set(strangers)], [], "rooms that the table does not have");
  const broken: string[] = [];
  for (const file of sources("lib")) {
    const room = file.split("/")[1];
    for (const specifier of importsOf(file).filter((specifier) => specifier.startsWith("."))) {
      const target = placeOf(specifier, file);
      const [top, other] = target.split("/");
      const allowed = top === "lib" &&
        (other === room ||
          (ABOVE_ALL.includes(room) ? mayFromAbove(room, other) : ROOMS[room].includes(other)));
      if (!allowed && specifier.endsWith(".ts")) broken.push(`${file} imports ${target}`);
    }
  }
  assertEquals(broken, []);
});

/** Experiments and detectors; a room that is no experiment's, simulator's or data set's own may not name one. */
const OWN_WORDS =
  /\b(mnist|fashion|cygno|recoils?|supernemo|ecal|calorimeters?|crystals?|electrons?|photons?|lens|lenses|dcgan|\d?[kMG]eV)\b/i;
/** Where they may be named: their own folders, data sets, architectures made for them, and what is said of them. */
const OWN_PLACES = [
  /^lib\/(experiments|simulate)\//,
  /^lib\/data\/(cygno|ecal|fashion|mnist|supernemo|lenses)\.ts$/,
  /^lib\/data\/mod\.ts$/,
  /^lib\/models\//,
];

Deno.test("no room names an experiment, a detector or its units but their own", () => {
  const broken = sources("lib").filter((file) => !OWN_PLACES.some((place) => place.test(file)))
    .flatMap((file) => linesWith(file, OWN_WORDS).filter((line) => !/from "|import\(/.test(line)));
  assertEquals(broken, []);
});

/** Where a user's way into the tree begins: the front door, the functions, the tasks, the benches, the lessons. */
const ENTRANCES = /^(lib\/(mod|notebook)|functions\/.+|tasks\/(bench\/)?[a-z]\w*)\.ts$/;

/** Modules beside a file that it imports, or names as a program to start. */
function modulesNamedIn(file: string, code: string): string[] {
  return [...code.matchAll(/"((?:\.{1,2}\/)?[\w./-]+\.ts)"/g)].map(([, name]) => placeOf(name, file));
}

Deno.test("every module is used by more than its tests", () => {
  const code = new Set(sources("lib", "tasks", "functions"));
  const lessons = files.filter((file) => file.endsWith(".ipynb"))
    .flatMap((file) =>
      modulesNamedIn(file, read(file).replaceAll('\\"', '"').replaceAll('"cloudchamber/', '"../lib/'))
    );
  const waiting = [...[...code].filter((file) => ENTRANCES.test(file)), ...lessons];
  const used = new Set<string>();
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (used.has(file) || !code.has(file)) continue;
    used.add(file);
    waiting.push(...modulesNamedIn(file, codeOf(file)));
  }
  assertEquals(
    [...code].filter((file) => !used.has(file)),
    [],
    "modules that no task, door or lesson reaches",
  );
});

/** Modules that are loaded with a file, before any of its functions runs. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (
    const [, name] of codeOf(file).matchAll(/(?:^|\n)(?!import type|export type)[^\n"]*\bfrom "(\.[^"]+)"/g)
  ) {
    loadedWith(placeOf(name, file), seen);
  }
  return seen;
}

/** Modules of the tree that a file imports by name, types included, lazily or as it loads; no workers, which are other programs. */
function importedModules(file: string): string[] {
  const found = codeOf(file).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]+\.ts)"/g);
  return [...found].map(([, name]) => placeOf(name, file));
}

/** The first circle of imports that begins and ends with a module; nothing where there is none. */
function circleOf(first: string, graph: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>();
  const search = (file: string, way: readonly string[]): string[] => {
    for (const next of graph.get(file) ?? []) {
      if (next === first) return [...way, file, first];
      if (seen.has(next)) continue;
      seen.add(next);
      const circle = search(next, [...way, file]);
      if (circle.length > 0) return circle;
    }
    return [];
  };
  return search(first, []);
}

Deno.test("no modules import each other in a circle, types included", () => {
  const graph = new Map(sources("lib", "tasks", "functions").map((file) => [file, importedModules(file)]));
  assertEquals([...graph.keys()].map((file) => circleOf(file, graph).join(" → ")).filter((way) => way), []);
  const planted = new Map([["a.ts", ["b.ts"]], ["b.ts", ["c.ts", "d.ts"]], ["c.ts", []], ["d.ts", ["a.ts"]]]);
  assertEquals(circleOf("a.ts", planted), ["a.ts", "b.ts", "d.ts", "a.ts"]);
  assertEquals(circleOf("c.ts", planted), []);
});

Deno.test("what scores and serves waits for no engine, no training and no drawing", () => {
  const heavy = /^lib\/(engine|train|layers|models|export|plot|experiments|search|simulate)/;
  for (const entrance of ["tasks/score.ts", "tasks/serve.ts", "tasks/_serve.ts", "functions/score.ts"]) {
    assertEquals([...loadedWith(entrance)].filter((file) => heavy.test(file)), [], entrance);
  }
});

Deno.test("tasks and functions import lib and their own folder, never each other", () => {
  const broken: string[] = [];
  for (const folder of ["tasks", "functions"]) {
    for (const file of sources(folder)) {
      for (const specifier of importsOf(file).filter((specifier) => specifier.startsWith("."))) {
        const target = placeOf(specifier, file);
        const isCode = target.endsWith(".ts") && !["lib", folder].includes(target.split("/")[0]);
        if (isCode) broken.push(`${file} imports ${target}`);
      }
    }
  }
  assertEquals(broken, []);
});

Deno.test("only lib/engine names a TensorFlow.js package", () => {
  const broken = sources("lib", "tasks", "functions", "tests", "notebooks")
    .filter((file) => !file.startsWith("lib/engine/"))
    .flatMap((file) =>
      importsOf(file).filter((name) => name.includes("@tensorflow/")).map((name) => `${file}: ${name}`)
    );
  const inNotebooks = files.filter((file) => file.endsWith(".ipynb") && read(file).includes("@tensorflow/"));
  assertEquals([...broken, ...inNotebooks], []);
});

Deno.test("zod is named by one file, as naming a package costs every worker's start", () => {
  const naming = sources("lib", "tasks", "functions").filter((file) => importsOf(file).includes("zod"));
  assertEquals(naming, ["lib/base/zod.ts"]);
});

Deno.test("every package is imported by the name that deno.json pins exactly", () => {
  const { imports } = JSON.parse(read("deno.json")) as { imports: Record<string, string> };
  for (const [name, target] of Object.entries(imports)) {
    if (target.startsWith("npm:")) {
      assert(/@\d+\.\d+\.\d+\/?$/.test(target), `${name} is not pinned: ${target}`);
    }
  }
  const broken = sources("lib", "tasks", "functions").flatMap((file) =>
    importsOf(file).filter((name) => /^(npm:|jsr:|https?:)/.test(name)).map((name) => `${file}: ${name}`)
  );
  assertEquals(broken, []);
});

Deno.test("lib/ never prints, exits, or reads arguments or environment", () => {
  const forbidden =
    /\bconsole\.|\bDeno\.(exit|args|env|stdout|stderr|stdin)\b|\bprocess\.(exit|argv|env|stdout|stderr)\b|(^|[^.\w])(prompt|confirm|alert)\(/;
  // The engine finds its library, and a data set its files, by itself in a notebook: one file reads the variables, and only those granted.
  const broken = sources("lib").filter((file) => file !== "lib/base/environment.ts")
    .flatMap((file) => linesWith(file, forbidden));
  assertEquals(broken, []);
});

Deno.test("code keeps `any`, unfinished marks and skipped tests out", () => {
  const unfinished = new RegExp(
    ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].map((w) => `\\b${w}\\b`).join("|"),
  );
  const code = sources("lib", "tasks", "functions", "tests");
  const loose = /(:|<|,|\||&|\bas|\bextends) ?any\b(?! [a-z])/;
  assertEquals(code.flatMap((file) => linesWith(file, loose)), []);
  assertEquals(code.flatMap((file) => linesWith(file, unfinished, read(file))), []);
  const skipped = /Deno\.test\.(ignore|only)|\b(ignore|only):\s*true|\b(it|describe|test)\.(skip|only)\(/;
  assertEquals(sources("tests", "lib").flatMap((file) => linesWith(file, skipped)), []);
});

Deno.test("files are named in snake_case and the top level holds what it may", () => {
  const misnamed = sources("lib", "tasks", "functions", "tests").filter((file) => {
    const name = file.split("/").at(-1)!;
    return !/^_?[a-z][a-z0-9_]*\.ts$/.test(name);
  });
  assertEquals(misnamed, []);
  const strangers = new Set(files.map((file) => file.split("/")[0]));
  for (const name of [...TOP_LEVEL]) strangers.delete(name);
  assertEquals([...strangers].filter((name) => !name.startsWith(".")), []);
});

Deno.test("no committed file is larger than 1 MiB, or names a machine's path or a registry's host", () => {
  const hosts = ["registry.npmjs", "pypi", "pythonhosted", "proxy.golang", "crates", "deb.debian", "maven"]
    .map((name) => `${name.replace(".", "\\.")}\\.(org|io|com)`);
  const machine = new RegExp(`(^|[^#!\\w.])/(work|tmp|root|home)/[a-z]|\\b(${hosts.join("|")})\\b`);
  const large: string[] = [], local: string[] = [];
  for (const file of files) {
    const bytes = Deno.readFileSync(join(root, file));
    if (bytes.length > 1 << 20) large.push(`${file}: ${bytes.length} bytes`);
    const isText = !bytes.subarray(0, 8000).includes(0);
    if (isText && file !== "deno.lock") {
      local.push(...linesWith(file, machine, new TextDecoder().decode(bytes)));
    }
  }
  assertEquals(large, []);
  assertEquals(local, []);
});
