/** What a user waits for who has nothing yet: everything is fetched, simulated and trained in an empty home. @module */
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { onPath } from "../_components.ts";
import { type BenchContext, type BenchTable, measureProgram } from "./_bench.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Bytes of all files below a folder; what links lead to is counted where it lies. */
async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) bytes += await bytesBelow(path);
    else if (isFile) bytes += (await Deno.stat(path)).size;
  }
  return bytes;
}

/** Variables by which nothing that this user has fetched before is found. */
function emptyHome(home: string): Record<string, string> {
  return {
    HOME: home,
    XDG_CACHE_HOME: join(home, ".cache"),
    DENO_DIR: join(home, "deno"),
    npm_config_cache: join(home, "npm"),
    CLOUDCHAMBER_CACHE: join(home, "cloudchamber"),
    CLOUDCHAMBER_TENSORFLOW: "",
    VIRTUAL_ENV: "",
    CONDA_PREFIX: "",
  };
}

/**
 * Clones the tree and runs the README's first line there: from nothing to an exported model. Deno itself is fetched too where
 * there is an `npx`. A TensorFlow of the system's Python would still be found.
 */
export async function benchFresh({ folder, say }: BenchContext): Promise<BenchTable> {
  const home = join(folder, "home"), tree = join(folder, "tree"), npx = onPath("npx");
  await Deno.mkdir(home);
  await measureProgram("git", ["clone", "--quiet", ROOT, tree]);
  const [program, ...before] = npx ? [npx, "-y", "deno"] : [Deno.execPath()];
  say("fetching, simulating and training: minutes");
  const { seconds, mebibytes } = await measureProgram(program, [...before, "task", "train"], {
    cwd: tree,
    env: emptyHome(home),
  });
  const megabytes = await bytesBelow(join(tree, "node_modules")) / 1e6;
  return {
    title: "A fresh machine",
    rows: [
      {
        what: `${npx ? "npx -y deno" : "deno"} task train, to the exported model`,
        unit: "s",
        ours: [seconds],
        limit: 150,
        memory: { ours: mebibytes || undefined },
      },
      { what: "node_modules", unit: "MB", ours: [megabytes], limit: 450 },
    ],
    notes: ["What the network takes is in it: several hundred MB of packages, and TensorFlow's wheel."],
  };
}
