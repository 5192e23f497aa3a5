import { assertEquals } from "../../assert.ts";
import { withFolder } from "../../folder.ts";
import { coverageByRoom, removeTornProfiles } from "../../../tasks/test/_coverage.ts";

Deno.test("coverageByRoom() sums the files of a room, and the lines that throw apart", () => {
  const lcov = [
    "SF:/tree/lib/io/png.ts\nBRDA:1,1,0,3\nBRDA:1,1,1,0\nBRDA:9,2,0,-\nDA:1,3\nDA:2,0\nDA:3,1\n",
    "SF:/tree/lib/io/root/keys.ts\nBRDA:1,1,0,1\nDA:1,1\nDA:3,1\n",
    "SF:/tree/lib/base/rng.ts\nDA:1,1\n",
    "SF:/tree/tests/assert.ts\nDA:1,1\n",
  ].join("end_of_record\n") + "end_of_record\n";
  const source = "if (bad) {\n  throw new Error();\n  throw other; // reached in keys.ts and png.ts\n}\n";
  assertEquals(coverageByRoom(lcov, "/tree", () => source), [
    { room: "base", files: 1, lines: 1, branches: NaN, throws: NaN },
    { room: "io", files: 2, lines: 4 / 5, branches: 2 / 4, throws: 2 / 3 },
  ]);
});

Deno.test("removeTornProfiles() removes what was cut off, and leaves all else", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.json`, '{"url":"file:///a.ts","functions":[]}');
    await Deno.writeTextFile(`${folder}/b.json`, '{"url":"file:///b.ts","func');
    await Deno.writeTextFile(`${folder}/c.lcov`, "SF:");
    assertEquals(await removeTornProfiles(folder), 1);
    assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), ["a.json", "c.lcov"]);
  }));
