/** Tests on a small disk of their own: full, read-only. @module */
import { withFolder } from "./folder.ts";
import { until } from "./until.ts";

/** Runs a program of the system; what it complained of, else undefined. */
function complaintOf(program: string, ...args: string[]): string | undefined {
  const { success, stderr } = new Deno.Command(program, { args, stdout: "null" }).outputSync();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** The same as soon as the disk is no longer in use: a thread that was told to end holds its files until it has. */
async function onceFree(program: string, ...args: string[]): Promise<void> {
  let complaint: string | undefined;
  await until("the disk to be free", () => {
    complaint = complaintOf(program, ...args);
    return !complaint?.includes("busy");
  });
  if (complaint !== undefined) throw new Error(complaint);
}

/** A small file system of its own, which only root may mount; gives the reason why not, else undefined. */
function mount(folder: string, options: string): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux to mount a small disk";
  return complaintOf("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
}

/** A test on a small disk of its own; skipped, with the reason, where none can be mounted. */
export function testOnDisk(name: string, options: string, use: (folder: string) => Promise<void>): void {
  const folder = Deno.makeTempDirSync();
  const reason = mount(folder, options);
  if (reason === undefined) complaintOf("umount", folder);
  Deno.removeSync(folder);
  Deno.test({
    name: reason === undefined ? name : `${name} [${reason}]`,
    ignore: reason !== undefined,
    fn: () =>
      withFolder(async (folder) => {
        mount(folder, options);
        try {
          await use(folder);
        } finally {
          await onceFree("umount", folder);
        }
      }),
  });
}

/** Lets nobody write to a disk any more. */
export function makeReadOnly(folder: string): Promise<void> {
  return onceFree("mount", "-o", "remount,ro", folder);
}
