import { join } from "@std/path";
import {
  byName,
  filesMatching,
  fixedPart,
  isLitter,
  isPattern,
  patternToRegExp,
  walkFiles,
} from "../../../../lib/data/transport/glob.ts";
import { assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

Deno.test("patternToRegExp() reads patterns as a shell does", () => {
  const cases: [string, string, boolean][] = [
    ["*/*.png", "a/b.png", true],
    ["*/*.png", "a/b/c.png", false],
    ["**/*.png", "a/b/c.png", true],
    ["**/*.png", "c.png", true],
    ["run_?/{NR,ER}/[0-9]_keV/*", "run_1/NR/3_keV/x.png", true],
    ["run_?/{NR,ER}/[0-9]_keV/*", "run_1/XR/3_keV/x.png", false],
    ["[!a].png", "a.png", false],
    ["a.(b)+.png", "a.(b)+.png", true],
    ["a.png", "axpng", false],
  ];
  for (const [pattern, path, matches] of cases) {
    assertEquals(patternToRegExp(pattern).test(path), matches, `${pattern} ${path}`);
  }
  assertThrows(() => patternToRegExp("{a"), SyntaxError, "not closed");
  assertEquals(["a/b.png", "a/*.png"].map(isPattern), [false, true]);
});

Deno.test("fixedPart() is the folder in front of what varies", () => {
  const cases = [["a/b/*.png", "a/b"], ["*.png", "."], ["/*/x", "/"], ["/a/b?/c", "/a"], ["a/{b,c}/d", "a"]];
  for (const [pattern, folder] of cases) assertEquals(fixedPart(pattern), folder);
});

Deno.test("byName() orders by code unit, whatever the locale", () => {
  assertEquals(["b", "a", "Z", "a", "10", "9"].sort(byName), ["10", "9", "Z", "a", "a", "b"]);
  assertEquals([byName("a", "b"), byName("b", "a"), byName("a", "a")], [-1, 1, 0]);
});

/** Makes empty files. */
async function touch(root: string, ...names: string[]): Promise<void> {
  for (const name of names) {
    await Deno.mkdir(join(root, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(root, name), "");
  }
}

async function walked(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(walkFiles(folder));
  return names.map((name) => name.slice(folder.length + 1));
}

Deno.test("walkFiles() follows links to folders and files, and turns round at a circle", async () => {
  await withFolder(async (root) => {
    await touch(root, "set/a/1.png", "elsewhere/2.png", "elsewhere/deep/3.png");
    await Deno.symlink(join(root, "elsewhere"), join(root, "set", "b"));
    await Deno.symlink(join(root, "elsewhere", "2.png"), join(root, "set", "2.png"));
    await Deno.symlink(join(root, "set"), join(root, "elsewhere", "deep", "back"));
    await Deno.symlink(join(root, "nowhere"), join(root, "set", "gone.png"));
    assertEquals(await walked(join(root, "set")), [
      "2.png",
      "a/1.png",
      "b/2.png",
      "b/deep/3.png",
      "gone.png",
    ]);
    await assertRejects(() => walked(join(root, "none")), Deno.errors.NotFound);
  });
});

Deno.test("walkFiles() and isLitter() pass over what macOS leaves", async () => {
  await withFolder(async (root) => {
    await touch(root, "a/1.png", "a/._1.png", "__MACOSX/a/._1.png", "__MACOSX/2.png", "a._b.png");
    assertEquals(await walked(root), ["a/1.png", "a._b.png"]);
  });
  assertEquals(["__MACOSX/x", "x/__MACOSX/y", "._x", "my__MACOSX/x", "x._y"].map(isLitter), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("filesMatching() gives what fits in order, and nothing where there is no such folder", async () => {
  await withFolder(async (root) => {
    await touch(root, "b/1.png", "a/1.png", "a/2.txt", "a/c/3.png");
    const found = async (pattern: string) =>
      (await Array.fromAsync(filesMatching(join(root, pattern)))).map((name) => name.slice(root.length + 1));
    assertEquals(await found("*/*.png"), ["a/1.png", "b/1.png"]);
    assertEquals(await found("**/*.png"), ["a/1.png", "a/c/3.png", "b/1.png"]);
    assertEquals(await found("none/*.png"), []);
    assertEquals(await found("./a//*.png"), ["a/1.png"]);
  });
});
