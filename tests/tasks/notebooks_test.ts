import { join } from "@std/path";
import { main } from "../../tasks/notebooks.ts";
import {
  type Cell,
  encodeNotebook,
  GAP_MESSAGE,
  type Notebook,
  readNotebook,
  sourceOf,
  splitLines,
  studentCopy,
  writeKernel,
} from "../../tasks/_notebooks.ts";
import { assert, assertEquals, assertThrows } from "../assert.ts";

const code = (text: string): Cell => ({
  cell_type: "code",
  id: "a",
  metadata: {},
  source: splitLines(text),
  execution_count: 3,
  outputs: [{ output_type: "stream", name: "stdout", text: "42" }],
});
const notebook = (...cells: Cell[]): Notebook => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 });
const place = { folder: "/project/notebooks", root: "/project" };

Deno.test("studentCopy() puts a gap where a solution stood, as deep as it stood, and drops outputs", () => {
  const original = notebook(code(
    "function add(a: number, b: number) {\n  // ### BEGIN SOLUTION\n  return a + b;\n  // ### END SOLUTION\n}\nadd(1, 2)",
  ));
  const before = encodeNotebook(original);
  const [cell] = studentCopy(original, place).cells;
  assertEquals(
    sourceOf(cell),
    `function add(a: number, b: number) {\n  // YOUR CODE HERE\n  throw new Error("${GAP_MESSAGE}");\n}\nadd(1, 2)`,
  );
  assertEquals([cell.outputs, cell.execution_count], [[], null]);
  assertEquals(encodeNotebook(original), before);
});

Deno.test("studentCopy() takes several solutions out of a cell and leaves text alone", () => {
  const text: Cell = { cell_type: "markdown", id: "b", metadata: {}, source: ["// ### BEGIN SOLUTION"] };
  const two =
    "// ### BEGIN SOLUTION\nconst a = 1;\n// ### END SOLUTION\nf();\n// ### BEGIN SOLUTION\nconst b = 2;\n// ### END SOLUTION";
  const [first, second] = studentCopy(notebook(text, code(two)), place).cells;
  assertEquals(first, text);
  assertEquals(sourceOf(second).split("\n").filter((line) => line === "// YOUR CODE HERE").length, 2);
  assert(!sourceOf(second).includes("const"));
});

Deno.test("studentCopy() lets paths into the project follow the copy", () => {
  const original = notebook(code('import { fit } from "../lib/mod.ts";'));
  const data = notebook(code("const archive = `../data/${name}`;"));
  assertEquals(
    sourceOf(studentCopy(data, { folder: "/project/runs/course", root: "/project" }).cells[0]),
    "const archive = `../../data/${name}`;",
  );
  const [moved] = studentCopy(original, { folder: "/project/runs/course", root: "/project" }).cells;
  assertEquals(sourceOf(moved), 'import { fit } from "../../lib/mod.ts";');
  const [inRoot] = studentCopy(original, { folder: "/project", root: "/project" }).cells;
  assertEquals(sourceOf(inRoot), 'import { fit } from "./lib/mod.ts";');
});

Deno.test("studentCopy() refuses a marker without its partner", () => {
  for (
    const text of [
      "// ### BEGIN SOLUTION\n1",
      "// ### END SOLUTION",
      "// ### BEGIN SOLUTION\n// ### BEGIN SOLUTION",
    ]
  ) {
    assertThrows(() => studentCopy(notebook(code(text)), place), SyntaxError, "code cell 0 has a marker");
  }
});

Deno.test("readNotebook() names the file that is no notebook", () => {
  const path = Deno.makeTempFileSync({ suffix: ".ipynb" });
  try {
    Deno.writeTextFileSync(path, "{");
    assertThrows(() => readNotebook(path), SyntaxError, `Cannot read notebook "${path}"`);
    Deno.writeTextFileSync(path, `{"nbformat": 3}`);
    assertThrows(() => readNotebook(path), SyntaxError, "must be of format 4: got 3");
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("writeKernel() keeps Jupyter inside its folder and starts this Deno", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const env = writeKernel(folder);
    const paths = Object.entries(env).filter(([name]) =>
      /_(PATH|DIR)$|DIR$/.test(name) && name !== "JUPYTER_PREFER_ENV_PATH"
    );
    assert(paths.length >= 4 && paths.every(([, path]) => path.startsWith(folder)));
    const kernel = JSON.parse(
      Deno.readTextFileSync(join(env.JUPYTER_PATH, "kernels", "deno", "kernel.json")),
    );
    assertEquals(kernel.argv, [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Runs the task and catches what it says. */
async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (...parts: unknown[]) => lines.push(parts.join(" "));
  try {
    return { code: await main(args), lines };
  } finally {
    console.log = log;
    console.error = error;
  }
}

Deno.test("deno task notebooks --student writes copies and never over someone's work", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const first = await run("--student", "--out", folder, "mnist");
    assertEquals(first.code, 0, first.lines.join("\n"));
    const path = join(folder, "mnist.ipynb");
    Deno.writeTextFileSync(path, "mine");
    const second = await run("--student", "--out", folder, "mnist");
    assertEquals([second.code, Deno.readTextFileSync(path)], [2, "mine"]);
    assert(second.lines[0].includes("--force replaces it"), second.lines[0]);
    assertEquals((await run("--student", "--out", folder, "--force", "mnist")).code, 0);
    assert(readNotebook(path).cells.length > 5);
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["mnist.ipynb"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("deno task notebooks refuses a name that there is not, naming the nearest", async () => {
  const { code, lines } = await run("mnits");
  assertEquals(code, 2);
  assertEquals(lines.length, 1);
  assert(lines[0].includes('Unknown notebook "mnits" (nearest: mnist)'), lines[0]);
});

Deno.test("deno task notebooks --course writes nbgrader's configuration and the notebooks as they are", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    assertEquals((await run("--course", "--out", folder, "fashion")).code, 0);
    const written = Deno.readTextFileSync(join(folder, "source", "fashion", "fashion.ipynb"));
    const own = new URL("../../notebooks/fashion.ipynb", import.meta.url);
    assertEquals(written, Deno.readTextFileSync(own));
    const config = Deno.readTextFileSync(join(folder, "nbgrader_config.py"));
    assert(config.includes(`// YOUR CODE HERE\\nthrow new Error(\\"${GAP_MESSAGE}\\");`), config);
    assertEquals((await run("--course", "--out", folder, "fashion")).code, 2, "it may hold someone's work");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("deno task notebooks --check says in which cell what is wrong, which Deno's kernel does not", async () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "mine.ipynb");
  const check = async (...texts: string[]) => {
    Deno.writeTextFileSync(path, encodeNotebook(notebook(...texts.map(code))));
    return await run("--check", path);
  };
  try {
    assertEquals(await check("const a = 1;", "a + 1"), { code: 0, lines: ["mine.ipynb: nothing is wrong"] });
    const broken = await check("const a = 1;", "a;\nconst b: number = ;");
    assertEquals(broken.code, 1);
    assert(broken.lines[0].includes("code cell 2, line 2, column 19"), broken.lines[0]);
    const wrong = await check('const a: number = "one";');
    assert(/TS2322[^]*code cell 1, line 1, column 7/.test(wrong.lines[0]), wrong.lines[0]);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["mine.ipynb"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
