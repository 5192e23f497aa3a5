/** A course of nbgrader in a folder below this checkout, as `deno task notebooks --course` writes it. @module */
import { delimiter, dirname, join } from "@std/path";
import { type Notebook, writeKernel } from "../../tasks/_notebooks.ts";
import { main } from "../../tasks/notebooks.ts";
import { assertEquals } from "../assert.ts";
import { makeRunFolder, plain } from "./_execute.ts";

/** A course. */
export interface Course {
  folder: string;
  /** Runs nbgrader in the course, or in a folder of it, and gives what it said. @throws {Error} If it fails. */
  nbgrader(args: string[], folder?: string): Promise<string>;
}

/**
 * Runs a test in a new course of the notebooks named.
 *
 * @param python The interpreter beside which nbgrader is installed.
 */
export async function withCourse(
  python: string,
  notebooks: string[],
  test: (course: Course) => Promise<void>,
): Promise<void> {
  const folder = makeRunFolder("course-"), own = Deno.makeTempDirSync();
  const programs = dirname(python);
  const env = { ...writeKernel(own), PATH: programs + delimiter + (Deno.env.get("PATH") ?? "") };
  const { log } = console;
  try {
    console.log = () => {};
    assertEquals(await main(["--course", "--out", folder, ...notebooks]), 0);
    console.log = log;
    await test({
      folder,
      async nbgrader(args, cwd = folder) {
        const { success, stdout, stderr } = await new Deno.Command(join(programs, "nbgrader"), {
          args,
          cwd,
          env,
        }).output();
        const said = plain(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
        if (!success) throw new Error(`nbgrader ${args.join(" ")}\n${said}`);
        return said;
      },
    });
  } finally {
    console.log = log;
    Deno.removeSync(own, { recursive: true });
    makeRemovable(folder);
    Deno.removeSync(folder, { recursive: true });
  }
}

/** nbgrader takes the right to write from what it has graded. */
function makeRemovable(folder: string): void {
  Deno.chmodSync(folder, 0o755);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) makeRemovable(join(folder, name));
  }
}

/** A student's notebook: the released one, with the cells of these ids as given. */
export function answered(released: Notebook, answers: Readonly<Record<string, string[]>>): Notebook {
  const cells = released.cells.map((cell) =>
    cell.id in answers ? { ...cell, source: answers[cell.id] } : cell
  );
  return { ...released, cells };
}
