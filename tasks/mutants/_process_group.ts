/**
 * Deno in a process group of its own, so that what the tests started ends with them.
 * @module
 */

/** Starts Deno with every permission in the root of a tree; it hears and says nothing. */
export function startGroup(
  root: string,
  command: "run" | "test",
  args: readonly string[],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [command, "--quiet", "--no-check", "--allow-all", "--no-prompt", ...args],
    cwd: root,
    detached: true,
    env: { NO_COLOR: "1", CI: "false" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Ends what is left of a process group. */
export function stopGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound || /ESRCH/.test(String(error));
    if (!isGone) throw error;
  }
}
