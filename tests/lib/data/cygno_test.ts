import { assert, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { join } from "@std/path";
import { encodeZip } from "../../../lib/io/zip.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { openCygno, parseCygnoPath, requireBothKinds } from "../../../lib/data/cygno.ts";
import { walkFiles } from "../../../lib/data/transport/glob.ts";
import { S3Blobs } from "../../../lib/store/s3.ts";
import { testWith } from "../../needs.ts";
import { startFaultProxy } from "../../servers/fault_proxy.ts";
import { startVersitygw } from "../../servers/versitygw.ts";

const png = encodePng({ data: new Uint8Array(64).fill(99), height: 8, width: 8 });
const NAMES = [
  "data/export/run_1/ER/3_keV/1.png",
  "data/export/run_1/NR/30_keV/2.png",
  "data/export/run_1/unknown/30_keV/3.png",
  "data/export/run_1/NR/dark/4.png",
];
const OPTIONS = { shape: [8, 8], workers: 1 } as const;

async function writeSet(folder: string): Promise<{ zip: string; root: string }> {
  const zip = join(folder, "set.zip"), root = join(folder, "plain");
  await Deno.writeFile(zip, encodeZip(NAMES.map((name) => ({ name, bytes: png }))));
  for (const name of NAMES) {
    await Deno.mkdir(join(root, name, ".."), { recursive: true });
    await Deno.writeFile(join(root, name), png);
  }
  return { zip, root };
}

Deno.test("parseCygnoPath() reads kind and energy by the course's patterns and guesses nothing", () => {
  assertEquals(parseCygnoPath("/a/NR/10_keV/x.png"), { nuclear: 1, energyKeV: 10 });
  assertEquals(parseCygnoPath("ER/7_keV/x.png"), { nuclear: 0, energyKeV: 7 });
  assertEquals(
    parseCygnoPath("/a/ER/3_keV/6_keV/x.png"),
    { nuclear: 0, energyKeV: 3 },
    "the first, as re.findall(…)[0]",
  );
  for (
    const path of [
      "/a/NR/x.png",
      "/a/3_keV/x.png",
      "/NR/ER/3_keV/x.png",
      "/NRX/3_keV/x.png",
      "/NR/x3_keV/x.png",
      "",
    ]
  ) {
    assertEquals(parseCygnoPath(path), undefined, path);
  }
});

Deno.test("openCygno() opens a zip, a folder and a pattern alike and lists what it cannot place", async () => {
  await withFolder(async (folder) => {
    const { zip, root } = await writeSet(folder);
    for (const source of [zip, root, join(root, "data/export/*/*/*/*.png"), `file://${zip}`]) {
      const { images, labels, energies, unmatched } = await openCygno(source, OPTIONS);
      assertEquals(
        [images.shape, [...labels.values], [...energies.values]],
        [[2, 8, 8], [0, 1], [3, 30]],
        source,
      );
      assertEquals(unmatched.map((name) => name.slice(-5)).sort(), ["3.png", "4.png"]);
      assertEquals((await images.read()).every((count) => count === 99), true);
      images.close();
    }
  });
});

Deno.test("openCygno() does not take the folders above a set for what its events are", async () => {
  await withFolder(async (folder) => {
    const above = join(folder, "NR", "30_keV_out");
    await Deno.mkdir(above, { recursive: true });
    const { root, zip } = await writeSet(above);
    const dot = `${folder}/NR/./30_keV_out/plain/`;
    for (const source of [root, `${root}/`, dot, zip, join(root, "data/export/*/*/*/*.png")]) {
      const { labels, energies, unmatched } = await openCygno(source, OPTIONS);
      assertEquals([[...labels.values], [...energies.values]], [[0, 1], [3, 30]], source);
      assertEquals(unmatched.length, 2, source);
    }
    const inside = join(root, "data/export/run_1/NR");
    await assertRejects(() => openCygno(inside, OPTIONS), RangeError, "no image has its kind");
    const written = await openCygno(join(root, "data/export/run_1/NR/[0-9]*_keV/*.png"), OPTIONS);
    assertEquals(
      [[...written.labels.values], [...written.energies.values]],
      [[1], [30]],
      "a pattern that says NR",
    );
    const one = await openCygno(join(root, NAMES[0]), OPTIONS);
    assertEquals([[...one.labels.values], [...one.energies.values]], [[0], [3]], "a file by its path");
  });
});

Deno.test("openCygno() follows links to folders", async () => {
  await withFolder(async (folder) => {
    const { root } = await writeSet(folder), linked = join(folder, "linked");
    await Deno.mkdir(linked);
    for (const kind of ["ER", "NR"]) {
      await Deno.symlink(join(root, "data/export/run_1", kind), join(linked, kind));
    }
    const { labels, energies } = await openCygno(linked, OPTIONS);
    assertEquals([[...labels.values], [...energies.values]], [[0, 1], [3, 30]]);
  });
});

Deno.test("openCygno() takes frames of any size, that of the first", async () => {
  await withFolder(async (folder) => {
    const { zip, root } = await writeSet(folder);
    for (const source of [zip, root]) {
      const { images } = await openCygno(source, { workers: 1 });
      assertEquals(images.shape, [2, 8, 8]);
      images.close();
    }
  });
});

Deno.test("a script that opens a set, reads it and never closes it ends", async () => {
  await withFolder(async (folder) => {
    const { zip } = await writeSet(folder);
    const program = `
      import { openCygno } from "${new URL("../../../lib/data/cygno.ts", import.meta.url)}";
      const { images } = await openCygno(${JSON.stringify(zip)}, { workers: 2 });
      console.log((await images.read()).length);`;
    const path = join(folder, "script.ts");
    await Deno.writeTextFile(path, program);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-read", "--config", config, path],
      signal: AbortSignal.timeout(120_000),
    }).output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "128\n"], new TextDecoder().decode(stderr));
  });
});

Deno.test("requireBothKinds() refuses a training set of one kind by its name", () => {
  requireBothKinds(Float32Array.of(0, 1), "set.zip");
  const one = (...labels: number[]) =>
    assertThrows(() => requireBothKinds(Float32Array.of(...labels), "set.zip"), RangeError, 'on "set.zip"')
      .message;
  assertEquals(
    one(1, 1).split(": ")[1],
    "all 2 training images are of nuclear recoils, none of electron ones",
  );
  assertEquals(one(0).split(": ")[1], "all 1 training images are of electron recoils, none of nuclear ones");
});

Deno.test("openCygno() gives a folder the same fingerprint wherever it lies, and another once it changed", async () => {
  await withFolder(async (folder) => {
    const { root } = await writeSet(folder);
    const print = async (place: string) => (await openCygno(place, OPTIONS)).fingerprint;
    const first = await print(root);
    await Deno.rename(root, join(folder, "moved"));
    assertEquals(await print(join(folder, "moved")), first);
    await Deno.writeFile(join(folder, "moved", NAMES[0]), png.subarray(1));
    assert(await print(join(folder, "moved")) !== first);
  });
});

Deno.test("openCygno() unpacks without overwriting when asked to", async () => {
  await withFolder(async (folder) => {
    const { zip } = await writeSet(folder), target = join(folder, "out");
    const kept = join(target, NAMES[0]);
    await Deno.mkdir(join(kept, ".."), { recursive: true });
    await Deno.writeTextFile(kept, "mine");
    const { images } = await openCygno(zip, { ...OPTIONS, extractTo: target });
    assertEquals(await Deno.readTextFile(kept), "mine");
    assertEquals((await images.read([1])).length, 64);
    images.close();
  });
});

Deno.test("openCygno() refuses unsafe archives, sets without labels, and places it does not know", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "bad.zip");
    const bytes = encodeZip([{ name: "NR/3_keV/aa/x.png", bytes: png }]);
    for (let i = 0; i < bytes.length - 2; i++) { // the same length, another meaning
      if (String.fromCharCode(...bytes.subarray(i, i + 3)) === "aa/") bytes.set([0x2e, 0x2e], i);
    }
    await Deno.writeFile(path, bytes);
    await assertRejects(() => openCygno(path), SyntaxError, "unsafe name");
    await Deno.writeFile(path, encodeZip([{ name: "x.png", bytes: png }]));
    await assertRejects(() => openCygno(path), RangeError, 'found 1, such as "x.png"');
    await Deno.writeTextFile(path, "no zip at all, this is");
    await assertRejects(() => openCygno(path), SyntaxError, "not a zip");
    await assertRejects(() => openCygno("ftp://host/set.zip"), TypeError, "expected a path");
    await assertRejects(() => openCygno("http://host/set.zip"), TypeError, "without a cache folder");
    await assertRejects(
      () => openCygno("s3://bucket/set", { cache: folder }),
      TypeError,
      "without access to buckets",
    );
    await assertRejects(() => openCygno(join(folder, "none")), Deno.errors.NotFound, "no file or folder");
  });
});

Deno.test("openCygno() fetches a zip by http once and checks it", async () => {
  await withFolder(async (folder) => {
    const { zip } = await writeSet(folder), bytes = await Deno.readFile(zip);
    let visits = 0;
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      visits++;
      return new Response(bytes);
    });
    try {
      const url = `http://127.0.0.1:${server.addr.port}/dl/training_set.zip`;
      for (let i = 0; i < 2; i++) {
        const { images } = await openCygno(url, { ...OPTIONS, cache: folder });
        assertEquals(images.length, 2);
      }
      assertEquals(visits, 1);
    } finally {
      await server.shutdown();
    }
  });
});

testWith(
  "versitygw",
  "openCygno() copies from a bucket only what is missing, and says in one line what is wrong with it",
  async (program) => {
    await using server = await startVersitygw(program);
    await server.createBucket("data");
    const bucket = new S3Blobs("data", "", server.options);
    for (const name of NAMES) await bucket.put(`set/${name}`, png);
    const packed = encodeZip(NAMES.map((name) => ({ name, bytes: png })));
    await bucket.put("packed/training_set.zip", packed);
    await withFolder(async (folder) => {
      const options = {
        ...OPTIONS,
        cache: folder,
        openBucket: (place: string) => new S3Blobs(place.slice(5), "", server.options),
      };
      for (const source of ["s3://data/set/", "s3://data/packed/training_set.zip", "s3://data/set/"]) {
        const { images, labels, unmatched } = await openCygno(source, options);
        assertEquals([images.length, labels.values.length, unmatched.length], [2, 2, 2], source);
        assertEquals((await images.read()).length, 128);
        images.close();
      }
      await bucket.put(`set/data/export/run_2/NR/6_keV/9.png`, png);
      const grown = await openCygno("s3://data/set/", options);
      assertEquals([...grown.energies.values].sort(), [3, 30, 6]);
      await assertRejects(
        () => openCygno("s3://data/none", options),
        Deno.errors.NotFound,
        "no object of a kind that is read",
      );
      await assertRejects(() => openCygno("s3://nowhere/set", options), Error, "nowhere");
    });
    await using proxy = startFaultProxy(
      server.endpoint,
      (method, path) =>
        method === "GET" && path.includes(".zip") ? { kind: "cut answer", after: 900 } : undefined,
    );
    await withFolder(async (folder) => {
      const s3 = { ...server.options, endpoint: proxy.endpoint, attempts: 2, retryDelayMs: 1 };
      const options = {
        ...OPTIONS,
        cache: folder,
        openBucket: (place: string) => new S3Blobs(place.slice(5), "", s3),
      };
      await assertRejects(() => openCygno("s3://data/packed/", options), Error, "data");
      assertEquals(await Array.fromAsync(walkFiles(folder)), [], "no half archive is left");
    });
  },
);
