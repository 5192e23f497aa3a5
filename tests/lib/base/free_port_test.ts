import { freePort, freePorts } from "../../../lib/base/free_port.ts";
import { assert, assertEquals } from "../../assert.ts";

Deno.test("freePort() gives a port on which nobody listens, and no two of those who ask together the same", () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
    Deno.listen({ hostname, port: freePort({ hostname }) }).close();
  }
  const ports = Array.from({ length: 300 }, (_, i) => freePort({ turn: [i % 3, 3] }));
  assertEquals(ports.map((port) => port % 3), ports.map((_, i) => i % 3));
  assert(ports.every((port) => port >= 12_000 - 3 && port < 32_768), "those that Linux gives by chance");
});

Deno.test("freePorts() gives the first of as many in a row", () => {
  const first = freePorts(3);
  for (let port = first; port < first + 3; port++) Deno.listen({ hostname: "127.0.0.1", port }).close();
});
