/**
 * Notebooks as files: reading them, taking solutions out for students, and the kernel that runs them.
 *
 * Solutions stand between `// ### BEGIN SOLUTION` and `// ### END SOLUTION`, as nbgrader marks them.
 * @module
 */
import { join, relative } from "@std/path";

/** A cell of a notebook file (nbformat 4). */
export interface Cell {
  cell_type: "code" | "markdown" | "raw";
  id: string;
  metadata: Record<string, unknown>;
  source: string[];
  execution_count?: number | null;
  outputs?: CellOutput[];
}

/** One output of a code cell. */
export interface CellOutput {
  output_type: "stream" | "display_data" | "execute_result" | "error";
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** A notebook file. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/**
 * Reads a notebook.
 *
 * @throws {SyntaxError} If the file is no notebook of format 4.
 */
export function readNotebook(path: string): Notebook {
  let notebook: Partial<Notebook>;
  try {
    notebook = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new SyntaxError(`Cannot read notebook "${path}": ${error.message}`);
    }
    throw error;
  }
  if (notebook.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new SyntaxError(
      `Cannot read notebook "${path}" as it must be of format 4: got ${notebook.nbformat}`,
    );
  }
  return notebook as Notebook;
}

/** A cell's text. */
export function sourceOf(cell: Cell): string {
  return cell.source.join("");
}

/** A notebook's file text, as Jupyter writes it. */
export function encodeNotebook(notebook: Notebook): string {
  return JSON.stringify(notebook, null, 1) + "\n";
}

const BEGIN = /^(\s*)\/\/ ### BEGIN SOLUTION\s*$/;
const END = /^\s*\/\/ ### END SOLUTION\s*$/;

/** What a gap throws when it is run, so that a notebook stops there and says why. */
export const GAP_MESSAGE = "Your code is missing here";

/**
 * A copy of a notebook with its solutions taken out: each becomes one line to be replaced, which throws when it is run.
 *
 * Outputs are dropped. The copy parses, and runs up to its first gap.
 *
 * @param notebook Left as it is.
 * @param options `folder`: where the copy will stand; `root`: the project's folder. Paths that begin with `../`,
 * which is the project's folder for a notebook, follow the move.
 * @throws {SyntaxError} If a marker has no partner in its cell.
 */
export function studentCopy(notebook: Notebook, options: { folder: string; root: string }): Notebook {
  const cells = notebook.cells.map((cell, c): Cell => {
    if (cell.cell_type !== "code") return cell;
    const text = withoutSolutions(sourceOf(cell), `code cell ${c}`);
    return { ...cell, source: splitLines(text), execution_count: null, outputs: [] };
  });
  return movedCopy({ ...notebook, cells }, options);
}

/**
 * A copy of a notebook that finds the project from another folder.
 *
 * @param notebook Left as it is.
 * @param options As of {@linkcode studentCopy}.
 */
export function movedCopy(notebook: Notebook, options: { folder: string; root: string }): Notebook {
  const root = relative(options.folder, options.root).replaceAll("\\", "/") || ".";
  const cells = notebook.cells.map((cell): Cell => {
    if (cell.cell_type !== "code") return cell;
    const text = sourceOf(cell).replaceAll(/(["'`])\.\.\//g, `$1${root}/`);
    return { ...cell, source: splitLines(text) };
  });
  return { ...notebook, cells };
}

/** Text as notebook files keep it: lines with their ends. */
export function splitLines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

function withoutSolutions(text: string, where: string): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    const begin = BEGIN.exec(line);
    if ((begin && inside) || (END.test(line) && !inside)) {
      throw new SyntaxError(`Cannot take out solutions: ${where} has a marker without its partner`);
    }
    if (begin) {
      inside = true;
      kept.push(`${begin[1]}// YOUR CODE HERE`, `${begin[1]}throw new Error("${GAP_MESSAGE}");`);
    } else if (END.test(line)) {
      inside = false;
    } else if (!inside) kept.push(line);
  }
  if (inside) throw new SyntaxError(`Cannot take out solutions: ${where} has a marker without its partner`);
  return kept.join("\n");
}

/** The configuration of an nbgrader course: what a gap is in this language, and how long a cell may train. */
export const NBGRADER_CONFIG =
  `# Copied by "deno task notebooks --course"; nbgrader_config.py of https://nbgrader.readthedocs.io
c = get_config()
c.CourseDirectory.course_id = "cloudchamber"
c.ClearSolutions.code_stub = {
    "typescript": "// YOUR CODE HERE\\nthrow new Error(\\"${GAP_MESSAGE}\\");",
}
c.Execute.timeout = 1800
`;

/** A notebook's code cells as one module, and the cell and its line that each line of the module is. */
export function moduleOf(notebook: Notebook): { text: string; places: { cell: number; line: number }[] } {
  const lines: string[] = [], places: { cell: number; line: number }[] = [];
  notebook.cells.filter(({ cell_type }) => cell_type === "code").forEach((cell, c) => {
    sourceOf(cell).split("\n").forEach((line, l) => {
      lines.push(line);
      places.push({ cell: c + 1, line: l + 1 });
    });
  });
  return { text: lines.join("\n") + "\nexport {};\n", places };
}

/**
 * Sets up a folder with Deno's kernel in it, so that Jupyter finds the Deno that runs this, and nothing of the user's own
 * Jupyter is read or written.
 *
 * @param folder An empty folder.
 * @returns Environment variables for Jupyter.
 */
export function writeKernel(folder: string): Record<string, string> {
  const kernel = join(folder, "share", "kernels", "deno");
  Deno.mkdirSync(kernel, { recursive: true });
  const specification = {
    argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
  };
  Deno.writeTextFileSync(join(kernel, "kernel.json"), JSON.stringify(specification, null, 1));
  const own = (name: string) => {
    const path = join(folder, name);
    Deno.mkdirSync(path, { recursive: true });
    return path;
  };
  return {
    JUPYTER_PATH: join(folder, "share"),
    JUPYTER_DATA_DIR: own("data"),
    JUPYTER_CONFIG_DIR: own("config"),
    JUPYTER_RUNTIME_DIR: own("runtime"),
    IPYTHONDIR: own("ipython"),
    JUPYTER_PREFER_ENV_PATH: "0",
  };
}
