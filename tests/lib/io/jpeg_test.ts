import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { decodeJpeg, readJpegHeader } from "../../../lib/io/jpeg.ts";
import { base64, patched } from "./_bytes.ts";

// Pillow 13.0: s = np.add.outer(np.arange(24) * 8, np.arange(32) * 2).astype("u1")
//   Image.fromarray(s).save(f, "jpeg", quality=95)
const GREY = base64(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wAALCAAYACABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APyL8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa9A8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa9A8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa9A8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa9A8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa9A8Nfs2/d/0D/x2vQPDX7Nv3f9A/8AHa//2Q==",
);
//   Image.fromarray(np.stack([s, 255 - s, np.full_like(s, 100)], -1)).save(f, "jpeg", quality=95, progressive=True, subsampling=0)
const COLOUR = base64(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wgARCAAYACADAREAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABAb/xAAXAQEBAQEAAAAAAAAAAAAAAAADBQYI/9oADAMBAAIQAxAAAAGuwvLJlvFa6ZbplvGW6VbxmumW6ZbxlulW9//EABYQAAMAAAAAAAAAAAAAAAAAAAACBP/aAAgBAQABBQJqhqhqhqhqhqhqhqhqhqhqhqj/xAAXEQADAQAAAAAAAAAAAAAAAAAABAZh/9oACAEDAQE/AV57BeewXnsF57BeewXnsF57BeewXnsF57BeewXnsP/EABYRAAMAAAAAAAAAAAAAAAAAAAABA//aAAgBAgEBPwFRFEURRFEURRFEURRFEUT/xAAVEAEBAAAAAAAAAAAAAAAAAAAAMf/aAAgBAQAGPwKqqqqqqqr/xAAUEAEAAAAAAAAAAAAAAAAAAAAw/9oACAEBAAE/IU222222/9oADAMBAAIAAwAAABBq0PWh7//EABURAQEAAAAAAAAAAAAAAAAAAAAx/9oACAEDAQE/EJs2bNmzZs2bNmzf/8QAFhEBAQEAAAAAAAAAAAAAAAAAYQAQ/9oACAECAQE/EKLIosiyKLIr/8QAGBAAAwEBAAAAAAAAAAAAAAAAADHBAfD/2gAIAQEAAT8QdY6jpp00dY6x1DrHUOsdQ6z/2Q==",
);

Deno.test("decodeJpeg() reads grey as one channel, within the loss of the format", () => {
  const { data, ...shape } = decodeJpeg(GREY);
  assertEquals(shape, { height: 24, width: 32, channels: 1, depth: 8 });
  for (let i = 0; i < data.length; i++) {
    const wanted = 8 * Math.floor(i / 32) + 2 * (i % 32);
    assert(Math.abs(data[i] - wanted) <= 2, `pixel ${i}: ${data[i]}, expected ${wanted}`);
  }
});

Deno.test("decodeJpeg() reads progressive colour as RGB", () => {
  const { data, ...shape } = decodeJpeg(COLOUR);
  assertEquals(shape, { height: 24, width: 32, channels: 3, depth: 8 });
  for (let i = 0; i < data.length; i += 3) {
    const s = 8 * Math.floor(i / 96) + 2 * ((i / 3) % 32);
    for (const [c, wanted] of [s, 255 - s, 100].entries()) {
      assert(
        Math.abs(data[i + c] - wanted) <= 5,
        `pixel ${i / 3} channel ${c}: ${data[i + c]}, expected ${wanted}`,
      );
    }
  }
});

Deno.test("readJpegHeader() finds the frame header", () => {
  assertEquals(readJpegHeader(GREY), { height: 24, width: 32, channels: 1, precision: 8, isYcbcr: false });
  assertEquals(readJpegHeader(COLOUR), { height: 24, width: 32, channels: 3, precision: 8, isYcbcr: true });
});

Deno.test("decodeJpeg() checks pixels before it allocates", () => {
  const frame = GREY.findIndex((b, i) => b === 0xff && GREY[i + 1] === 0xc0);
  const huge = patched(GREY, frame + 5, 0xff, 0xff, 0xff, 0xff);
  assertThrows(() => decodeJpeg(huge), RangeError, "it is 65535 × 65535");
  assertThrows(() => decodeJpeg(GREY, { maxPixels: 700 }), RangeError, "it is 24 × 32");
});

Deno.test("decodeJpeg() refuses truncated and damaged files with a SyntaxError", () => {
  assertThrows(
    () => decodeJpeg(Uint8Array.of(1, 2, 3), { name: "a.jpg" }),
    SyntaxError,
    'JPEG "a.jpg" at byte 0',
  );
  for (const file of [GREY, COLOUR]) {
    for (let length = 0; length < file.length - 40; length += 13) {
      assertThrows(() => decodeJpeg(file.subarray(0, length)), SyntaxError, "Cannot decode JPEG");
    }
    for (let at = 2; at < file.length; at++) {
      try {
        decodeJpeg(patched(file, at, file[at] ^ 0x55), { maxPixels: 1 << 20 });
      } catch (error) {
        assert(error instanceof SyntaxError || error instanceof RangeError, `byte ${at}: ${error}`);
      }
    }
  }
});

Deno.test("decodeJpeg() refuses a header that so few bytes cannot hold, and work or memory beyond its limits", () => {
  const frame = COLOUR.findIndex((b, i) => b === 0xff && [0xc0, 0xc1, 0xc2].includes(COLOUR[i + 1]));
  const large = patched(COLOUR, frame + 5, 0x20, 0, 0x20, 0); // 8192 × 8192, which took 2 GiB and 10 seconds
  const used = () => Deno.memoryUsage().heapUsed + Deno.memoryUsage().external; // this thread's alone
  const before = used();
  assertThrows(() => decodeJpeg(large), SyntaxError, "bytes cannot hold 8192 × 8192 pixels");
  assert(used() - before < 50 << 20, "memory was taken before the header was doubted");
  assertThrows(() => decodeJpeg(COLOUR, { maxBytes: 5000 }), RangeError, "may take at most 5000 bytes");
  const padded = new Uint8Array(1 << 20).fill(1); // enough bytes for the blocks, and one scan after another
  padded.set(COLOUR);
  for (let at = COLOUR.length; at + 1 < padded.length; at += 2) padded.set([0xff, 0xda], at);
  const many = patched(padded, frame + 5, 0x02, 0, 0x02, 0);
  assertThrows(() => decodeJpeg(many), RangeError, "times over 512 × 512 pixels");
});
