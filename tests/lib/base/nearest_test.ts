import { nearest } from "../../../lib/base/nearest.ts";
import { assertEquals } from "../../assert.ts";

Deno.test("nearest() gives the name with the fewest letters to insert, drop or change", () => {
  const cases: [name: string, names: string[], meant: string | undefined][] = [
    ["epocs", ["batch", "epochs"], "epochs"], // one inserted
    ["epochss", ["epoch", "epochs"], "epochs"], // one dropped
    ["rbte", ["rate", "bite"], "rate"], // one changed, for two
    ["RATE", ["rise", "rate"], "rate"], // whatever the case
    ["ab", ["cd"], undefined], // two, and half of two is one
    ["kitten", ["sitting"], "sitting"], // Levenshtein's own example is 3, half of 7 is 3.5
    ["kittens", ["sitting"], "sitting"],
    ["kites", ["sitting"], undefined], // 4
    ["a", ["b"], "b"], // one change is always near
    ["a", ["bc"], undefined],
    ["abcd", ["abxy", "axcd"], "axcd"],
    ["b", [], undefined],
  ];
  for (const [name, names, meant] of cases) {
    assertEquals(nearest(name, names), meant, `${name} among ${names}`);
  }
});

Deno.test("nearest() takes a name that begins as another for its short form", () => {
  assertEquals(nearest("cyg", ["dog", "cygno"]), "cygno");
  assertEquals(nearest("cygno_hint", ["cygne_hint", "cygno"]), "cygno");
  assertEquals(nearest("c", ["cygno", "d"]), "d"); // one letter is no beginning
  assertEquals(nearest("same", ["some", "same", "samer"]), "same");
});
