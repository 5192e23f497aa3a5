import { join } from "@std/path";

const root = join(import.meta.dirname!, "..");
const { tasks } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

/** What `deno.json` runs for a task: Deno's arguments with the permissions, and last the program, from any folder. */
export function taskArguments(task: string): string[] {
  const words = (tasks[task].command as string).split(" ").slice(1);
  return [...words.slice(0, -1), join(root, words.at(-1)!)];
}

/** Runs a task in a process of its own, with the permissions that `deno.json` gives it. */
export async function runTask(
  task: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; out: string; err: string }> {
  const { cwd, env } = options;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...taskArguments(task), ...args],
    cwd,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), err: text(stderr) };
}
