/** Python programs beside a test: they write files that we read, and read files that we write. */
import { join } from "@std/path";
import { decodeNpz } from "../../../lib/io/npz.ts";
import type { NpyArray } from "../../../lib/io/npy.ts";

/** Runs a program in a folder. @throws {Error} With its last words, if it fails. */
export async function runPython(python: string, program: string, folder: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", program],
    cwd: folder,
    env: { PYTHONWARNINGS: "ignore" },
  }).output();
  const words = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(words(stderr).split("\n").slice(-6).join("\n"));
  return words(stdout);
}

/** A folder in which a program has run, removed at the end of an `await using` block. */
export interface PythonFolder extends AsyncDisposable {
  path(name: string): string;
  /** What `np.savez` wrote there. */
  arrays(name: string): Promise<Map<string, NpyArray>>;
  /** Runs another program there and gives what it prints. */
  run(program: string): Promise<string>;
}

/** Runs `program` in a new folder. */
export async function pythonFolder(python: string, program: string): Promise<PythonFolder> {
  const folder = await Deno.makeTempDir();
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    await runPython(python, program, folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    path: (name) => join(folder, name),
    arrays: async (name) => decodeNpz(await Deno.readFile(join(folder, name)), { name }),
    run: (other) => runPython(python, other, folder),
    [Symbol.asyncDispose]: remove,
  };
}
