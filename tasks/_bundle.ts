/** Programs as one file of JavaScript each, by Deno's own bundler. @module */
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

/** Bundles a file of this project but for some packages, which the program has to find where it runs. */
export function bundle(source: string, target: string, external: readonly string[]): Promise<void> {
  const left = external.flatMap((name) => ["--external", name]);
  return runDeno(["bundle", "--quiet", "--platform", "deno", ...left, "-o", target, source], ROOT);
}

/** Bundles the function for edge hosts, as functions/deploy/README.md says. */
export function bundleEdge(target: string): Promise<void> {
  return bundle("functions/score.ts", target, ["onnxruntime-node", "@aws-sdk/client-s3"]);
}
