/** Tests on a small disk of their own: full, read-only. @module */
import { withFolder } from "./folder.ts";

/** A small file system of its own, which only root may mount; gives the reason why not, else undefined. */
function mount(folder: string, options: string): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux to mount a small disk";
  const { success, stderr } = new Deno.Command("mount", {
    args: ["-t", "tmpfs", "-o", options, "tmpfs", folder],
    stdout: "null",
  }).outputSync();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

/** A test on a small disk of its own; skipped, with the reason, where none can be mounted. */
export function testOnDisk(name: string, options: string, use: (folder: string) => Promise<void>): void {
  const folder = Deno.makeTempDirSync();
  const reason = mount(folder, options);
  if (reason === undefined) new Deno.Command("umount", { args: [folder] }).outputSync();
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
          new Deno.Command("umount", { args: [folder] }).outputSync();
        }
      }),
  });
}

/** Lets nobody write to a disk any more. */
export function makeReadOnly(folder: string): void {
  const { success, stderr } = new Deno.Command("mount", { args: ["-o", "remount,ro", folder] }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
