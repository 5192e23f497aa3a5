/** The tree's files of TypeScript, for tests of how it is built. @module */
import { join, normalize } from "@std/path";

/** The tree's root. */
export const ROOT = normalize(join(import.meta.dirname!, ".."));

/** Every file of TypeScript in a folder, by its path from the tree's root. */
export function sourcesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? sourcesIn(path) : path.endsWith(".ts") ? [path] : [];
  });
}

/** The text of a file by its path from the tree's root. */
export const readSource = (file: string) => Deno.readTextFileSync(join(ROOT, file));
