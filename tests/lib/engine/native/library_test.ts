import { dirname, join } from "@std/path";
import { createHash } from "node:crypto";
import { fetchLibrary, findLibrary, type LibraryLocation } from "../../../../lib/engine/native/library.ts";
import {
  checkCachedLibrary,
  installLibrary,
  makeTemporaryFolder,
} from "../../../../lib/engine/native/library_cache.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { diskError, withFileSystem } from "../../../file_system.ts";
import { withFolder } from "../../../folder.ts";
import { writeProgram } from "../../../program.ts";
import { CORE, FRAMEWORK, LIBRARIES, makeWheel } from "./_wheels.ts";

const LINUX = { os: "linux", arch: "x86_64" };

/** A program called pip3 that answers `--version`, notes its arguments and "downloads" the given wheel. */
async function makePip(folder: string, wheel: Uint8Array | string): Promise<string> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  await Deno.writeFile(join(folder, "the.whl"), typeof wheel === "string" ? new Uint8Array() : wheel);
  const download = typeof wheel === "string"
    ? `printf '${wheel}' >&2; exit 1`
    : `while [ "$1" != -d ]; do shift; done; cp "${folder}/the.whl" "$2/tensorflow_cpu-2.21.0-cp312.whl"`;
  const script = `#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$@" >> "${folder}/calls"
${download}
`;
  await writeProgram(join(bin, "pip3"), script);
  return bin;
}

/** Two files named as a TensorFlow is. */
async function makeLibrary(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  for (const name of [FRAMEWORK, CORE]) await Deno.writeTextFile(join(folder, name), "not a library");
  return folder;
}

const places = (folder: string) => ({
  cacheFolder: join(folder, "cache"),
  nodeFolder: join(folder, "node"),
  systemFolders: [join(folder, "system")],
  searchPath: join(folder, "python", "bin"),
  platform: LINUX,
  fetch: false,
});

Deno.test("findLibrary() takes the first place of its list that loads", () =>
  withFolder(async (folder) => {
    const venv = join(folder, "venv");
    const given = await makeLibrary(join(folder, "given", "tensorflow"));
    const node = await makeLibrary(join(folder, "node"));
    const inVenv = await makeLibrary(join(venv, "lib", "python3.12", "site-packages", "tensorflow"));
    const python = await makeLibrary(
      join(folder, "python", "lib", "python3.9", "dist-packages", "tensorflow"),
    );
    const system = await makeLibrary(join(folder, "system"));
    await Deno.mkdir(join(folder, "python", "bin"));
    await Deno.writeTextFile(join(folder, "python", "bin", "python3"), "");
    const searchPath = `${join(folder, "nothing")}:${join(folder, "python", "bin")}`;
    const options = { ...places(folder), library: dirname(given), virtualEnv: venv, searchPath };
    await fetchLibrary({ ...options, searchPath: await makePip(folder, makeWheel(LIBRARIES)) });
    const cache = join(options.cacheFolder, "tensorflow-2.21.0-linux-x86_64");

    const broken = new Set<string>(), lines: string[] = [], order: string[] = [];
    const open = (location: LibraryLocation) => {
      if (broken.has(location.folder)) throw new Error(`wrong ELF class\nmore`);
      return "2.21.0";
    };
    for (let i = 0; i < 7; i++) {
      const found = await findLibrary({ ...options, open, log: (line) => lines.push(line) });
      if (!found) break;
      order.push(found.folder);
      broken.add(found.folder);
    }
    assertEquals(order, [given, cache, node, inVenv, python, system]);
    assert(lines.includes(`Skipped the TensorFlow in ${given}: wrong ELF class`), lines.join("\n"));
  }));

Deno.test("findLibrary() looks where Debian's pip installs beside a Python of /usr", async () => {
  const { stat, readDir } = Deno, looked: string[] = [];
  Deno.stat = (path) => path === "/usr/bin/python3" ? stat(import.meta.filename!) : stat(path);
  Deno.readDir = (path) => {
    looked.push(String(path));
    return readDir(path);
  };
  try {
    const lines: string[] = [];
    await findLibrary({
      ...places("/none"),
      searchPath: "/usr/bin",
      open: () => "2.21.0",
      log: (l) => lines.push(l),
    });
    assertEquals(looked.filter((path) => path === "/usr/local/lib").length, 1, looked.join());
  } finally {
    Object.assign(Deno, { stat, readDir });
  }
});

Deno.test("findLibrary() passes over files that the system's loader refuses", () =>
  withFolder(async (folder) => {
    const bad = await makeLibrary(join(folder, "bad"));
    const lines: string[] = [];
    const found = await findLibrary({
      ...places(folder),
      library: join(bad, CORE),
      log: (line) => lines.push(line),
      platform: Deno.build, // this test calls the real loader
    });
    assertEquals(found, undefined);
    if (Deno.build.os === "linux") {
      assertEquals(lines.length, 1, lines.join("\n"));
      assert(
        lines[0].startsWith(`Skipped the TensorFlow in ${bad}: `) && lines[0].includes(FRAMEWORK),
        lines[0],
      );
    }
  }));

Deno.test("findLibrary() says when the given folder holds no TensorFlow, and goes on", () =>
  withFolder(async (folder) => {
    const system = await makeLibrary(join(folder, "system"));
    const lines: string[] = [];
    const found = await findLibrary({
      ...places(folder),
      library: join(folder, "nowhere"),
      log: (line) => lines.push(line),
      open: () => "2.21.0",
    });
    assertEquals(found?.folder, system);
    assertEquals(found?.origin, "system");
    assert(
      lines[0].startsWith(`Skipped "${join(folder, "nowhere")}": it holds no libtensorflow_cc`),
      lines[0],
    );
  }));

Deno.test("fetchLibrary() unpacks the two libraries of the wheel, and asks pip only once", () =>
  withFolder(async (folder) => {
    const searchPath = await makePip(folder, makeWheel(LIBRARIES));
    const options = { ...places(folder), searchPath };
    const first = await fetchLibrary(options);
    assertEquals(first.origin, "download");
    assertEquals(await Deno.readFile(first.core), LIBRARIES[`tensorflow/${CORE}`]);
    assertEquals(await Deno.readFile(first.framework), LIBRARIES[`tensorflow/${FRAMEWORK}`]);
    assertEquals((await Array.fromAsync(Deno.readDir(first.folder), (e) => e.name)).sort(), [
      "library.json",
      CORE,
      FRAMEWORK,
    ]);
    assertEquals((await Array.fromAsync(Deno.readDir(options.cacheFolder))).length, 1);
    assertEquals((await fetchLibrary(options)).origin, "cache");
    const calls = (await Deno.readTextFile(join(folder, "calls"))).trim().split("\n");
    assertEquals(calls.length, 1);
    assert(
      calls[0].includes("--platform manylinux_2_27_x86_64") && calls[0].endsWith("tensorflow-cpu==2.21.0"),
    );
  }));

Deno.test("fetchLibrary() in two processes at once leaves one sound library", () =>
  withFolder(async (folder) => {
    const options = { ...places(folder), searchPath: await makePip(folder, makeWheel(LIBRARIES)) };
    const [a, b] = await Promise.all([fetchLibrary(options), fetchLibrary(options)]);
    assertEquals(a.core, b.core);
    assertEquals(await checkCachedLibrary(a.folder, { full: true }), undefined);
    assertEquals((await Array.fromAsync(Deno.readDir(options.cacheFolder))).length, 1);
  }));

Deno.test("fetchLibrary() replaces a damaged library", () =>
  withFolder(async (folder) => {
    const options = { ...places(folder), searchPath: await makePip(folder, makeWheel(LIBRARIES)) };
    const { core, folder: cache } = await fetchLibrary(options);
    await Deno.truncate(core, 7);
    const lines: string[] = [];
    const { fetch: _, ...fetching } = options;
    const found = await findLibrary({ ...fetching, open: () => "2.21.0", log: (line) => lines.push(line) });
    assertEquals(found?.origin, "download");
    assertEquals(await Deno.readFile(core), LIBRARIES[`tensorflow/${CORE}`]);
    assertEquals(lines[0], `Skipped the TensorFlow in ${cache}: ${CORE} has 7 bytes, not 150000`);
  }));

Deno.test("checkCachedLibrary() finds a changed byte by checksum, and looks for one where the time differs or at full", () =>
  withFolder(async (folder) => {
    const options = { ...places(folder), searchPath: await makePip(folder, makeWheel(LIBRARIES)) };
    const { core, folder: cache } = await fetchLibrary(options);
    const { mtime, atime } = await Deno.stat(core);
    const bytes = await Deno.readFile(core);
    bytes[1000] ^= 1;
    await Deno.writeFile(core, bytes);
    await Deno.utime(core, atime!, new Date(mtime!.getTime() + 5000));
    assertEquals(await checkCachedLibrary(cache), `${CORE} has another SHA-256 than the one fetched`);
    await Deno.utime(core, atime!, mtime!);
    assertEquals(await checkCachedLibrary(cache), undefined);
    const full = await checkCachedLibrary(cache, { full: true });
    assertEquals(full, `${CORE} has another SHA-256 than the one fetched`);
  }));

Deno.test("checkCachedLibrary() takes a copied cache for what it is, and reads its bytes once only", () =>
  withFolder(async (folder) => {
    const options = { ...places(folder), searchPath: await makePip(folder, makeWheel(LIBRARIES)) };
    const { core, folder: cache } = await fetchLibrary(options);
    const later = new Date(Date.now() + 60_000);
    await Deno.utime(core, later, later); // as `cp -r` does
    assertEquals(await checkCachedLibrary(cache), undefined);
    const bytes = await Deno.readFile(core);
    bytes[1000] ^= 1;
    await Deno.writeFile(core, bytes);
    await Deno.utime(core, later, later);
    assertEquals(await checkCachedLibrary(cache), undefined, "the time was not written down");
  }));

Deno.test("findLibrary() gives one line and no library when pip is missing or fails", () =>
  withFolder(async (folder) => {
    const { fetch: _, ...options } = places(folder);
    const none: string[] = [];
    assertEquals(await findLibrary({ ...options, log: (line) => none.push(line) }), undefined);
    assertEquals(none.length, 1, none.join("\n"));
    assert(none[0].includes("no pip works here"), none[0]);

    const searchPath = await makePip(folder, "ERROR: No matching distribution found for tensorflow-cpu");
    const failed: string[] = [];
    assertEquals(await findLibrary({ ...options, searchPath, log: (line) => failed.push(line) }), undefined);
    assert(failed.at(-1)!.includes("No matching distribution found"), failed.join("\n"));
    assertEquals(await Array.fromAsync(Deno.readDir(options.cacheFolder)), []);
  }));

Deno.test("fetchLibrary() says what pip said last, its errors before all else, or how it ended", () =>
  withFolder(async (folder) => {
    const said: [words: string, told: string][] = [
      ["ERROR: no network\\nsee the log", "ERROR: no network"],
      ["trying\\nagain\\ngiving up", "giving up"],
      ["", "exit code 1"],
    ];
    for (const [i, [words, told]] of said.entries()) {
      const place = join(folder, String(i));
      await Deno.mkdir(place);
      const searchPath = await makePip(place, words), pip = join(searchPath, "pip3");
      await assertRejects(
        () => fetchLibrary({ ...places(place), searchPath }),
        Error,
        `Cannot fetch tensorflow-cpu==2.21.0: ${pip} says "${told}"`,
      );
    }
  }));

Deno.test("fetchLibrary() takes no wheel of a pip that failed, and no other file of one that did not", () =>
  withFolder(async (folder) => {
    const path = join(await makePip(folder, makeWheel(LIBRARIES)), "pip3"), options = places(folder);
    const script = await Deno.readTextFile(path), searchPath = join(folder, "bin");
    await Deno.writeTextFile(path, `${script}echo "ERROR: half a wheel" >&2; exit 1\n`);
    await assertRejects(() => fetchLibrary({ ...options, searchPath }), Error, 'says "ERROR: half a wheel"');
    await Deno.writeTextFile(path, script.replace('cp "', 'touch "$2/a-note.txt"; cp "'));
    assertEquals((await fetchLibrary({ ...options, searchPath })).origin, "download");
    await Deno.writeTextFile(path, script.replace(/while .*/, "true"));
    const other = { ...options, cacheFolder: join(folder, "other"), searchPath };
    await assertRejects(() => fetchLibrary(other), Error, 'says "nothing was written"');
  }));

Deno.test("checkCachedLibrary() hides no failure of the disk but that a folder is closed", () =>
  withFolder(async (folder) => {
    const options = { ...places(folder), searchPath: await makePip(folder, makeWheel(LIBRARIES)) };
    const { core, folder: cache } = await fetchLibrary(options);
    const later = new Date(Date.now() + 60_000);
    await Deno.utime(core, later, later); // the new time is to be written down
    for (const [code, says] of [["ENOSPC", "it failed (ENOSPC)"], ["EROFS", undefined]] as const) {
      await withFileSystem(async () => {
        const found = await checkCachedLibrary(cache).catch((error) => (error as Error).message);
        assertEquals(found, says, code);
      }, (call) => call.startsWith("writeTextFile library.json.") ? diskError(code) : undefined);
      assertEquals((await Array.fromAsync(Deno.readDir(cache))).length, 3, "no part is left");
    }
  }));

Deno.test("fetchLibrary() refuses platforms without a wheel before it calls pip", async () => {
  const platform = { os: "windows", arch: "x86_64" };
  await assertRejects(
    () => fetchLibrary({ platform }),
    Error,
    "no wheel with its C library exists for windows x86_64",
  );
});

Deno.test("fetchLibrary() leaves nothing behind when the wheel is cut short", () =>
  withFolder(async (folder) => {
    const wheel = makeWheel(LIBRARIES);
    const options = {
      ...places(folder),
      searchPath: await makePip(folder, wheel.subarray(0, wheel.length - 300)),
    };
    await assertRejects(() => fetchLibrary(options), SyntaxError, "Cannot read wheel");
    assertEquals(await Array.fromAsync(Deno.readDir(options.cacheFolder)), []);
  }));

Deno.test("fetchLibrary() leaves nothing behind when the disk is full", () =>
  withFolder(async (folder) => {
    // The largest file size of a process stands in for the end of the disk: the write fails the same way.
    const noise = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 5);
    const wheel = makeWheel({ ...LIBRARIES, [`tensorflow/${CORE}`]: noise });
    const cacheFolder = join(folder, "cache"), searchPath = await makePip(folder, wheel);
    const script = join(folder, "fetch.ts");
    const module = new URL("../../../../lib/engine/native/fetch_library.ts", import.meta.url).href;
    await Deno.writeTextFile(
      script,
      `import { fetchLibrary } from "${module}";
       try { await fetchLibrary(JSON.parse(Deno.args[0])); } catch (error) { console.log(error.message); }`,
    );
    const config = decodeURIComponent(new URL("../../../../deno.json", import.meta.url).pathname);
    const options = JSON.stringify({ cacheFolder, searchPath, platform: LINUX });
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 1000; exec "$0" run --quiet --no-check --frozen --config "$1" -A "$2" "$3"`,
        Deno.execPath(),
        config,
        script,
        options,
      ],
    }).output();
    const said = new TextDecoder().decode(stdout);
    assert(/file too large|EFBIG/i.test(said), said);
    assertEquals(await Array.fromAsync(Deno.readDir(cacheFolder)), []);
  }));

Deno.test("installLibrary() puts a new folder in the place of a damaged one", () =>
  withFolder(async (folder) => {
    const target = await makeLibrary(join(folder, "target")),
      temporary = await makeLibrary(join(folder, "new"));
    await Deno.writeTextFile(join(temporary, CORE), "core");
    const sha256 = createHash("sha256").update("core").digest("hex");
    await installLibrary(temporary, target, {
      version: "2.21.0",
      origin: "test",
      files: [{ name: CORE, bytes: 4, sha256 }],
    });
    assertEquals(await checkCachedLibrary(target, { full: true }), undefined);
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map((e) => e.name), ["target"]);
  }));

Deno.test("a cache that is another user's is said to be so, with the way out", () =>
  withFolder(async (folder) => {
    // Root may write wherever permissions forbid it to others; not where the kernel keeps its own files.
    const closed = Deno.uid() === 0 ? "/sys/kernel" : await makeLibrary(join(folder, "closed"));
    if (Deno.uid() !== 0) await Deno.chmod(closed, 0o500);
    const error = assertThrows(
      () => makeTemporaryFolder(join(closed, "cache")),
      Deno.errors.PermissionDenied,
      "is not this user's to read or write",
    );
    assert(error.message.includes("CLOUDCHAMBER_CACHE"), error.message);
  }));
