import { assertEquals, assertRejects, assertThrows } from "../assert.ts";
import { CliError } from "../../tasks/_cli.ts";
import { alternate, chooseParts, median, meetsBar, Peer, ratioOf } from "../../tasks/bench/_bench.ts";

Deno.test("median() takes the middle, or the mean of the two in the middle", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
});

Deno.test("ratioOf() compares within rounds, so that a machine that slows down does not matter", () => {
  assertEquals(ratioOf({ what: "", unit: "ms", ours: [1, 10, 100], theirs: [2, 20, 200] }), 0.5);
  assertEquals(ratioOf({ what: "", unit: "ms", ours: [1] }), undefined);
});

Deno.test("meetsBar() knows which way is good", () => {
  const row = { what: "", unit: "", ours: [4], theirs: [5] };
  assertEquals(meetsBar({ ...row, bar: 0.8 }), true);
  assertEquals(meetsBar({ ...row, bar: 0.7 }), false);
  assertEquals(meetsBar({ ...row, bar: 1.5, better: "higher" }), false);
  assertEquals(meetsBar({ what: "", unit: "ms", ours: [4], limit: 5 }), true);
  assertEquals(meetsBar(row), undefined);
});

Deno.test("alternate() takes turns and starts with another one each round", async () => {
  const order: string[] = [];
  const measure = (name: string) => () => order.push(name);
  assertEquals(await alternate(2, { a: measure("a"), b: measure("b") }), { a: [1, 4], b: [2, 3] });
  assertEquals(order.join(""), "abba");
});

Deno.test("chooseParts() takes what is asked for, or the usual parts, in the bench's order", () => {
  assertEquals(chooseParts(["c", "a"], ["a", "b", "c"]), ["a", "c"]);
  assertEquals(chooseParts([], ["a", "b", "c"], ["b"]), ["b"]);
  assertEquals(chooseParts([], ["a", "b"]), ["a", "b"]);
  assertThrows(() => chooseParts(["d"], ["a", "b"]), CliError, 'No part of the bench is named "d": a, b');
});

Deno.test("Peer asks a program in turns and says when it has ended", async () => {
  const source = `for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const { n } = JSON.parse(line);
    if (n < 0) Deno.exit(3);
    console.log("chatter\\n" + JSON.stringify({ twice: 2 * n }));
  }`;
  await using peer = new Peer(Deno.execPath(), ["eval", source]);
  assertEquals(await peer.ask({ n: 2 }), { twice: 4 });
  assertEquals(await peer.ask({ n: 5 }), { twice: 10 });
  await assertRejects(() => peer.ask({ n: -1 }), CliError, "ended");
});
