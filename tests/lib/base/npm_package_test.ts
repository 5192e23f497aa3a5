import { basename, join } from "@std/path";
import manifest from "dejavu-fonts-ttf/package.json" with { type: "json" };
import { packageFolder } from "../../../lib/base/npm_package.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

Deno.test("packageFolder() finds the files of a package by its own package.json", () => {
  const folder = packageFolder(manifest);
  assertEquals(basename(folder), "dejavu-fonts-ttf");
  assertEquals(JSON.parse(Deno.readTextFileSync(join(folder, "package.json"))).version, manifest.version);
});

Deno.test("packageFolder() names a package that is not part of the program", () => {
  assertThrows(
    () => packageFolder({ name: "no-such-package", version: "1.0.0" }),
    Deno.errors.NotFound,
    'npm package "no-such-package": got "npm:no-such-package@1.0.0/package.json"',
  );
});
