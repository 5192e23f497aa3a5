/**
 * A copy of the tree in which a fault may be planted and the tests run.
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { startGroup, stopGroup } from "./_process_group.ts";

/** How a run of tests ended. */
export type Outcome = "passed" | "failed" | "timeout";

/** A copy of the tree. */
export interface TreeCopy extends AsyncDisposable {
  readonly root: string;
  /** Runs tests of some files in it, each by its whole name, up to the first that fails; after `limitMs` all stop. */
  test(files: readonly string[], names: readonly string[], limitMs: number): Promise<Outcome>;
}

/** Every file that git knows or would take, without what it ignores. */
export async function listFiles(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  }).output();
  if (!success) throw new Error("Cannot list the files of the tree: git ls-files failed");
  const names = new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "");
  const isThere = await Promise.all(
    names.map((name) => Deno.stat(name).then((it) => it.isFile, () => false)),
  );
  return [...new Set(names.filter((_, i) => isThere[i]))];
}

/** Copies files of a tree into a folder of their own; the packages are linked. */
export async function copyTree(files: readonly string[], tree = "."): Promise<TreeCopy> {
  const root = await Deno.makeTempDir({ prefix: "cloudchamber-mutant-" });
  for (const file of files) {
    await Deno.mkdir(dirname(join(root, file)), { recursive: true });
    await Deno.copyFile(join(tree, file), join(root, file));
  }
  await Deno.symlink(resolve(tree, "node_modules"), join(root, "node_modules"));
  return {
    root,
    test: (tests, names, limitMs) => runTests(root, tests, names, limitMs),
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

async function runTests(
  root: string,
  files: readonly string[],
  names: readonly string[],
  limitMs: number,
): Promise<Outcome> {
  const filter = `/^(?:${names.map(RegExp.escape).join("|")})$/`;
  const child = startGroup(root, "test", ["--fail-fast", `--filter=${filter}`, ...files]);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stopGroup(child.pid);
  }, limitMs);
  const { success } = await child.status;
  clearTimeout(timer);
  stopGroup(child.pid);
  return isLate ? "timeout" : success ? "passed" : "failed";
}
