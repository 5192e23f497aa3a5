/** Programs as files of JavaScript, by Deno's own bundler. @module */
import { join } from "@std/path";
import { CliError } from "./_cli.ts";

const ROOT = join(import.meta.dirname!, "..");

/**
 * Runs a command of Deno that says nothing when it succeeds.
 *
 * @throws {CliError} With the last of the reasons that Deno gives.
 */
export async function runDeno(args: readonly string[], cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    stdout: "null",
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const [said] = new TextDecoder().decode(stderr).trim().split(/\n\s*Stack backtrace:/);
  throw new CliError(`deno ${args[0]} failed: ${said.split("\n").at(-1)?.replace(/^\s*\d+: /, "")}`);
}

function bundled(source: string, external: readonly string[], where: readonly string[]): Promise<void> {
  const left = external.flatMap((name) => ["--external", name]);
  return runDeno(["bundle", "--quiet", "--platform", "deno", ...left, ...where, source], ROOT);
}

/** Bundles a file of this project but for some packages, which the program has to find where it runs. */
export function bundle(source: string, target: string, external: readonly string[]): Promise<void> {
  return bundled(source, external, ["-o", target]);
}

/**
 * Bundles the function for edge hosts, as functions/deploy/README.md says: `score.js` in a folder, with what it loads when
 * it is needed in files beside it. In one file, 11 MB of decoders for HDF5 and Zstandard would be read at each start.
 */
export function bundleEdge(folder: string): Promise<void> {
  return bundled("functions/score.ts", ["onnxruntime-node", "@aws-sdk/client-s3"], [
    "--code-splitting",
    "--outdir",
    folder,
  ]);
}
