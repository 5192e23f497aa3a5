/** What starts another Deno from this one. @module */

/**
 * The program to start for Deno's own commands.
 *
 * @returns The path of the Deno that runs this, or its name where only that may be started (`--allow-run=deno`).
 * @example
 * ```ts
 * denoProgram().includes("deno"); // true
 * ```
 */
export function denoProgram(): string {
  const path = Deno.execPath();
  return Deno.permissions.querySync({ name: "run", command: path }).state === "granted" ? path : "deno";
}
