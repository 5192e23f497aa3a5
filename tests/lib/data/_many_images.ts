/** Sets of many images for tests of memory: a few real pictures under many names. */
import { join } from "@std/path";
import { createRng } from "../../../lib/base/rng.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { simulateRecoil } from "../../../lib/simulate/cygno.ts";

/** Makes `count` images of 576 × 576 in a folder, hard links to twenty pictures, labelled by their paths. */
export async function linkImages(folder: string, count: number): Promise<void> {
  const pictures: string[] = [];
  await Deno.mkdir(folder, { recursive: true });
  for (let i = 0; i < 20; i++) {
    const { frame } = simulateRecoil(i % 2 ? "ER" : "NR", 10, createRng(1, i));
    pictures.push(join(folder, `picture_${i}`));
    await Deno.writeFile(pictures[i], encodePng(frame, { filter: "none", huffmanOnly: true }));
  }
  for (const kind of ["NR", "ER"]) {
    await Deno.mkdir(join(folder, "run_1", kind, "10_keV"), { recursive: true });
  }
  for (let i = 0; i < count; i++) {
    await Deno.link(pictures[i % 20], join(folder, "run_1", i % 2 ? "ER" : "NR", "10_keV", `${i}.png`));
  }
}

/** What {@link "./_memory_program.ts"} says of a set of which the middle 2 · `half` pixels are read. */
export async function readInProcess(
  folder: string,
  half: number,
): Promise<{ seen: number; mebibytes: number }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      new URL("./_memory_program.ts", import.meta.url).pathname,
      folder,
      String(half),
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
