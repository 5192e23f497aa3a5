/**
 * Deno in a process group of its own, so that what the tests started ends with them.
 * @module
 */

/** Those that run, and whether more may be started. */
const running = new Set<number>();
let isOver = false;

/** Ends all of them, and starts no more. */
export function stopAllGroups(): void {
  isOver = true;
  for (const pid of running) stopGroup(pid);
}

/**
 * Starts Deno with every permission in the root of a tree; it hears and says nothing.
 *
 * @throws {Error} After {@linkcode stopAllGroups}.
 */
export function startGroup(
  root: string,
  command: "run" | "test",
  args: readonly string[],
): Deno.ChildProcess {
  if (isOver) throw new Error("Cannot start a process as all are being stopped");
  const child = new Deno.Command(Deno.execPath(), {
    args: [command, "--quiet", "--no-check", "--allow-all", "--no-prompt", ...args],
    cwd: root,
    detached: true,
    env: { NO_COLOR: "1", CI: "false" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  running.add(child.pid);
  void child.status.then(() => running.delete(child.pid));
  return child;
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
