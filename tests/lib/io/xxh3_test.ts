import { xxh3 } from "../../../lib/io/_xxh3.ts";
import { assertEquals } from "../../assert.ts";

/** By Python's xxhash 3, `xxh3_64_intdigest(bytes((i * 7 + i // 251) % 256 for i in range(n)))`: every way that the length decides on. */
const WANTED: readonly (readonly [length: number, digest: bigint])[] = [
  [0, 3244421341483603138n],
  [1, 14144645293874801883n],
  [2, 10417732058219796014n],
  [3, 14071657950584810910n],
  [4, 15264401271772237449n],
  [5, 6168020267503661695n],
  [8, 13298547473703201152n],
  [9, 245602082024904742n],
  [12, 3484761015474835680n],
  [16, 11358703017679568414n],
  [17, 17531454094280037073n],
  [31, 2046734720850025572n],
  [32, 11082121530272980926n],
  [33, 13868751852844260574n],
  [64, 7997116401300239713n],
  [96, 8524519550243914463n],
  [97, 538966849049581888n],
  [128, 7346429547323666821n],
  [129, 2884094242154568485n],
  [160, 14724850650066854484n],
  [191, 17721689531832281027n],
  [240, 5266862303063109335n],
  [241, 6060465359239009000n],
  [256, 17452316224134115492n],
  [320, 203107129462093411n],
  [1000, 1911491761043151055n],
  [1024, 13422496114481511629n],
  [1025, 3071458581424893506n],
  [1088, 6998828026369263200n],
  [2048, 10767993178614205445n],
  [2049, 16315095049560515382n],
  [5000, 16617293137519320717n],
  [70001, 8366755146379142682n],
];

Deno.test("xxh3() has the reference's checksum of every length that is treated in a way of its own", () => {
  for (const [length, digest] of WANTED) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + Math.floor(i / 251)) % 256);
    assertEquals(xxh3(bytes), digest, `${length} bytes`);
    const shifted = new Uint8Array(length + 3);
    shifted.set(bytes, 3);
    assertEquals(xxh3(shifted.subarray(3)), digest, `${length} bytes that begin at no whole word`);
  }
});
