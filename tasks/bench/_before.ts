/** The tree as it was before the frame: the commit before `lib/base`, the first of its rooms, was laid. @module */
import { join } from "@std/path";
import { CliError } from "../_cli.ts";
import { readProgram } from "./_bench.ts";

/** Where the repository is. */
export const ROOT = join(import.meta.dirname!, "..", "..");

/** What git prints. @throws {CliError} With its last words, if it fails. */
export function git(...args: string[]): Promise<string> {
  return readProgram("git", args, { cwd: ROOT });
}

/** The commit before the frame. @throws {CliError} If the history does not go back so far. */
export async function commitBefore(): Promise<string> {
  const [first] = (await git("rev-list", "--reverse", "HEAD", "--", "lib/base")).split("\n");
  if (!first) throw new CliError("This bench needs the history of the repository: no commit has lib/base");
  return await git("rev-parse", `${first}^`);
}

/** Checks a commit out into a folder, with the packages of today's tree. */
export async function checkOut(commit: string, folder: string): Promise<AsyncDisposable> {
  await git("worktree", "add", "--detach", folder, commit);
  await Deno.symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return {
    [Symbol.asyncDispose]: async () => {
      await git("worktree", "remove", "--force", folder);
    },
  };
}
