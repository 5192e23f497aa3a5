import { join } from "@std/path";

const root = join(import.meta.dirname!, "..");
const { tasks } = JSON.parse(Deno.readTextFileSync(join(root, "deno.json")));

/** What `deno.json` runs for a task: Deno's arguments with the permissions, and last the program, from any folder. */
export function taskArguments(task: string): string[] {
  const words = (tasks[task].command as string).split(" ").slice(1);
  return [...words.slice(0, -1), join(root, words.at(-1)!)];
}

/** How a process went. */
export interface Ended {
  code: number;
  /** What it printed, without blanks at both ends. */
  out: string;
  err: string;
}

/** Where a process runs. */
export interface RunOptions {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
}

/** What Deno itself says where another of its processes is installing packages. */
const OF_DENO = /^Blocking waiting for file lock on .*\n/gm;

/** Runs Deno in a process of its own. */
export async function runDeno(args: readonly string[], { cwd, env }: RunOptions = {}): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll(OF_DENO, "").trim();
  return { code, out: text(stdout), err: text(stderr) };
}

/** Runs a task in a process of its own, with the permissions that `deno.json` gives it. */
export function runTask(task: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return runDeno([...taskArguments(task), ...args], options);
}
