/** `deno doc --lint` on what is published: every exported name is documented. @module */
import { join } from "@std/path";
import { assertEquals } from "./assert.ts";
import { runDeno } from "./task_command.ts";

const ROOT = join(import.meta.dirname!, "..");

/** One complaint: what it is, where, and the source line of the type that is meant, if it is about one. */
interface Complaint {
  kind: string;
  place: string;
  referenced: string;
}

function complaintsOf(text: string): Complaint[] {
  return text.split(/^error\[/m).slice(1).map((part) => {
    const [, kind] = /^([a-z-]+)\]/.exec(part)!, [, place] = /--> (\S+)/.exec(part)!;
    const [, referenced = ""] = /\d+ \| (.*)\n\s*\| -+ this is the referenced type/.exec(part) ?? [];
    return { kind, place, referenced };
  });
}

Deno.test("deno doc --lint finds nothing of ours", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const { err } = await runDeno(["doc", "--lint", ...Object.values<string>(exports)], { cwd: ROOT });
  const complaints = complaintsOf(err);
  assertEquals(complaints.some(({ place }) => place.includes("node_modules")), true, "nothing was read");
  // Deno calls a type private that only a namespace exports (`train.FitOptions`), or only TensorFlow.js itself.
  const isExported = ({ kind, referenced }: Complaint) =>
    kind === "private-type-ref" && referenced.startsWith("export");
  const isForeign = ({ place }: Complaint) =>
    place.includes("node_modules") || place.includes("lib/engine/tf.ts"); // where TensorFlow.js is handed on
  const ours = complaints.filter((complaint) => !isForeign(complaint) && !isExported(complaint));
  assertEquals(ours, []);
});
