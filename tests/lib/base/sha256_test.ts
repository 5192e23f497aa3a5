import { sha256 } from "../../../lib/base/sha256.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("sha256() gives the digests of FIPS 180-4's examples", async () => {
  const digestOf = (text: string) => sha256(new TextEncoder().encode(text));
  assertEquals(await digestOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assertEquals(
    await digestOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  );
});
