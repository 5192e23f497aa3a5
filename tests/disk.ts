/** Tests on a small disk of their own: full, read-only. @module */
import { withFolder } from "./folder.ts";

/** Longest that a file of a disk may still be open, as a thread that was told to end holds it until it has. */
const BUSY_MS = 10_000;

/** Runs a program of the system; what it complained of, else undefined. */
function complaintOf(program: string, ...args: string[]): string | undefined {
  const { success, stderr } = new Deno.Command(program, { args, stdout: "null" }).outputSync();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** The same as soon as the disk is no longer in use. */
async function onceFree(program: string, ...args: string[]): Promise<void> {
  for (const end = performance.now() + BUSY_MS;;) {
    const complaint = complaintOf(program, ...args);
    if (complaint === undefined) return;
    if (!complaint.includes("busy") || performance.now() > end) throw new Error(complaint);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
