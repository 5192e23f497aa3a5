/** Where the files of an npm package lie, in the checkout as in the published form. @module */
import { dirname } from "@std/path";
import { fileURLToPath } from "node:url";

/** What a package says of itself: the part of its `package.json` that names it. */
export interface PackageManifest {
  /** Name in the npm registry. */
  name: string;
  /** Version, exact. */
  version: string;
}

/**
 * The folder of an npm package that is part of the program.
 *
 * Publishing rewrites the names in import statements, not those that `import.meta.resolve` is given. So the caller
 * imports the package's own `package.json`, which also makes it part of the program, and what that says is looked for.
 *
 * @param manifest The package's `package.json`, as imported.
 * @returns An absolute path.
 * @throws {Deno.errors.NotFound} If the package does not lie on this machine's disk, as in a bundle.
 * @example
 * ```ts
 * import manifest from "dejavu-fonts-ttf/package.json" with { type: "json" };
 * Deno.statSync(`${packageFolder(manifest)}/ttf`).isDirectory; // true
 * ```
 */
export function packageFolder({ name, version }: PackageManifest): string {
  const { resolve } = import.meta; // given a name that publishing need not rewrite
  const place = resolve(`npm:${name}@${version}/package.json`);
  if (!place.startsWith("file:")) {
    throw new Deno.errors.NotFound(`Cannot find the files of the npm package "${name}": got "${place}"`);
  }
  return dirname(fileURLToPath(place));
}
