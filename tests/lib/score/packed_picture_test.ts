import { assertEquals } from "../../assert.ts";
import { encodePng } from "../../../lib/io/png.ts";
import { packedPicture } from "../../../lib/score/packed_picture.ts";

const png = encodePng({ data: new Uint8Array(64).fill(3), height: 8, width: 8 });
const picture = { inputs: [{ name: "image", shape: [8, 8, 1], kind: "picture" as const }], name: "run.zip" };

Deno.test("packedPicture() takes a PNG as it is, unless it is to be unpacked or the model takes no picture", () => {
  assertEquals(packedPicture(png, picture), [{ name: "run.zip", png }]);
  assertEquals(packedPicture(png, { ...picture, unpack: true }), undefined);
  assertEquals(packedPicture(Uint8Array.of(1), picture), undefined);
});
