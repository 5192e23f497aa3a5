import { join } from "@std/path";
import { createHash } from "node:crypto";
import { unpackWheel } from "../../../../lib/engine/native/wheel.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { CORE, FRAMEWORK, LIBRARIES, makeWheel, RECORD, type WheelOptions } from "./_wheels.ts";

const INSIDE = `tensorflow/${CORE}`;

/** A whole wheel, and where its parts stand. */
function wholeWheel() {
  const bytes = makeWheel(LIBRARIES), view = new DataView(bytes.buffer);
  const end = bytes.length - 22, names = [...Object.keys(LIBRARIES), RECORD];
  const entries = new Map<string, number>();
  let at = view.getUint32(end + 16, true);
  for (const name of names) {
    entries.set(name, at);
    at += 46 + name.length;
  }
  return { bytes, view, end, entry: (name: string) => entries.get(name)! };
}

type WholeWheel = ReturnType<typeof wholeWheel>;
const headerOf = ({ view, entry }: WholeWheel, name: string) => view.getUint32(entry(name) + 42, true);

Deno.test("unpackWheel() takes files as they are named, packed or not, behind extra fields and before a remark", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.whl"), names = [INSIDE, `tensorflow/${FRAMEWORK}`];
    const kinds: WheelOptions[] = [
      {},
      { stored: true },
      { extraBytes: 9 },
      { comment: "made by hand" },
      { comment: "x".repeat(0xffff) },
    ];
    for (const options of kinds) {
      await Deno.writeFile(path, makeWheel(LIBRARIES, options));
      const told: [string, number, number][] = [];
      const files = await unpackWheel(path, names, folder, (...progress) => told.push(progress));
      const expected = names.map((name) => {
        const bytes = LIBRARIES[name], sha256 = createHash("sha256").update(bytes).digest("hex");
        return { name: name.slice("tensorflow/".length), bytes: bytes.length, sha256 };
      });
      assertEquals(files, expected);
      for (const { name } of files) {
        assertEquals(await Deno.readFile(join(folder, name)), LIBRARIES[`tensorflow/${name}`]);
        if (Deno.build.os !== "windows") {
          assertEquals(
            (await Deno.stat(join(folder, name))).mode! & 0o777 & ~Deno.umask(),
            0o755 & ~Deno.umask(),
          );
        }
        const last = told.findLast(([of]) => of === name);
        assertEquals(last, [
          name,
          LIBRARIES[`tensorflow/${name}`].length,
          LIBRARIES[`tensorflow/${name}`].length,
        ]);
      }
    }
  }));

Deno.test("unpackWheel() refuses any wheel that is cut short, has a wrong checksum or lacks a file", () =>
  withFolder(async (folder) => {
    const good = makeWheel(LIBRARIES), path = join(folder, "a.whl"), names = [INSIDE];
    for (let length = 0; length < good.length; length += 97) {
      await Deno.writeFile(path, good.subarray(0, length));
      await assertRejects(() => unpackWheel(path, names, folder), SyntaxError, `Cannot read wheel "a.whl"`);
    }
    const spoil = (record: string) => record.replace(/(cc\.so\.2,sha256=.)./, "$1_");
    await Deno.writeFile(path, makeWheel(LIBRARIES, { spoil }));
    await assertRejects(() => unpackWheel(path, names, folder), SyntaxError, "is damaged: SHA-256 is");
    await Deno.writeFile(path, good);
    for (const absent of ["tensorflow/none.so", RECORD]) { // RECORD has no checksum of its own
      await assertRejects(() => unpackWheel(path, [absent], folder), SyntaxError, `it holds no "${absent}"`);
    }
  }));

/** What may be wrong in a wheel whose end is there, and what is said of it. */
const DAMAGE: [says: string, spoil: (wheel: WholeWheel) => void][] = [
  [
    "its central directory lies outside the file or is zip64",
    ({ view, end }) => view.setUint16(end + 10, 0xffff, true),
  ],
  ["its central directory lies outside the file or is zip64", ({ view, end, bytes }) => {
    view.setUint32(end + 12, bytes.length + 1 - view.getUint32(end + 16, true), true);
  }],
  ["entry 1 of its directory is damaged", ({ bytes, entry }) => bytes[entry("tensorflow/python/big.py")] = 0],
  ["entry 4 of its directory is damaged", ({ view, end }) => view.setUint16(end + 10, 5, true)],
  [`"${INSIDE}" is packed by method 9`, ({ view, entry }) => view.setUint16(entry(INSIDE) + 10, 9, true)],
  [`the header of "${INSIDE}" is damaged`, (wheel) => wheel.bytes[headerOf(wheel, INSIDE)] = 0],
  ["it has no RECORD", ({ bytes, entry }) => bytes[entry(RECORD) + 46 + RECORD.length - 1] = 0x58],
  ["its RECORD claims 67108865 bytes", ({ view, entry }) => {
    view.setUint32(entry(RECORD) + 24, (64 << 20) + 1, true);
  }],
  [`"${INSIDE}" is damaged (more than 149999 bytes come out)`, ({ view, entry }) => {
    view.setUint32(entry(INSIDE) + 24, 149_999, true);
  }],
  [
    `"${INSIDE}" is damaged: SHA-256 is`,
    ({ view, entry }) => view.setUint32(entry(INSIDE) + 24, 150_001, true),
  ],
  [`"${INSIDE}" is damaged (invalid block type)`, (wheel) => {
    wheel.bytes[headerOf(wheel, INSIDE) + 30 + INSIDE.length] = 0xff;
  }],
];

Deno.test("unpackWheel() says which part of a wheel is damaged", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.whl");
    for (const [says, spoil] of DAMAGE) {
      const wheel = wholeWheel();
      spoil(wheel);
      await Deno.writeFile(path, wheel.bytes);
      const message = `Cannot read wheel "a.whl": ${says}`;
      await assertRejects(() => unpackWheel(path, [INSIDE], folder), SyntaxError, message);
    }
    const wheel = wholeWheel(), { length } = wheel.bytes;
    wheel.view.setUint32(wheel.entry(INSIDE) + 42, length - 10, true);
    await Deno.writeFile(path, wheel.bytes);
    const { message } = await assertRejects(() => unpackWheel(path, [INSIDE], folder), SyntaxError);
    assertEquals(message, `Cannot read wheel "a.whl": it ends at byte ${length}, 20 bytes early`);
  }));

Deno.test("unpackWheel() takes a directory that reaches to the last byte, and a RECORD of the most bytes", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a.whl"), { bytes, view, end, entry } = wholeWheel();
    view.setUint32(end + 12, bytes.length - view.getUint32(end + 16, true), true);
    view.setUint32(entry(RECORD) + 24, 64 << 20, true);
    await Deno.writeFile(path, bytes);
    const [{ bytes: written }] = await unpackWheel(path, [INSIDE], folder);
    assert(written === 150_000);
  }));
