import { decodeHistory, encodeHistory, type EpochNumbers } from "../../../lib/train/mod.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

Deno.test("encodeHistory() and decodeHistory() keep every number", () => {
  const epochs: EpochNumbers[] = [{ epoch: 1, loss: 0.1 + 0.2 }, { epoch: 2, loss: 1e-7, accuracy: 0.5 }];
  const csv = encodeHistory(epochs);
  assertEquals(csv, "epoch,loss,accuracy\n1,0.30000000000000004,\n2,1e-7,0.5\n");
  assertEquals(decodeHistory(csv), epochs);
});

Deno.test("decodeHistory() names the line that is wrong", () => {
  assertThrows(() => decodeHistory("epoch,loss\n1\n"), SyntaxError, "line 2: expected 2 columns, found 1");
  assertThrows(() => decodeHistory("epoch\nx\n"), SyntaxError, 'line 2: expected a number, found "x"');
});

Deno.test("decodeHistory() reads what is no number, empty cells, and lines of another system", () => {
  const epochs: EpochNumbers[] = [{ epoch: 1, loss: NaN }, { epoch: 2, loss: Infinity, accuracy: -0.5 }];
  assertEquals(decodeHistory(encodeHistory(epochs)), epochs);
  assertEquals(decodeHistory("epoch,loss\r\n1,\r\n2,0.5\r\n"), [{ epoch: 1 }, { epoch: 2, loss: 0.5 }]);
  assertEquals([decodeHistory(""), encodeHistory([])], [[], "\n"]);
  assertThrows(() => decodeHistory("a,b\n1,2\n1,2,3\n"), SyntaxError, "line 3: expected 2 columns, found 3");
});
