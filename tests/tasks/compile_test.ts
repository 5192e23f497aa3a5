import { join } from "@std/path";
import { CliError } from "../../tasks/_cli.ts";
import { compileProgram } from "../../tasks/compile.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { flatPng } from "../lib/serve/_service.ts";
import { startScoring } from "../servers/scoring.ts";
import { assertDone, runTask } from "../task_command.ts";
import { tinyAnswer, tinyCard, tinyOnnx } from "../tiny_model.ts";
import { encodeNpy } from "../../lib/io/npy.ts";
import { openStore } from "../../lib/store/store.ts";

const compile = (args: string[], env?: Record<string, string>) => runTask("compile", args, { env });

Deno.test("compile --folder writes a program that serves away from the source tree, all its threads with it", () =>
  withFolder(async (folder) => {
    await openStore(join(folder, "store")).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    assertDone(await compile(["--folder", join(folder, "program")]));
    const program = join(folder, "program", "serve.js");
    await using server = await startScoring(["--store", join(folder, "store"), "--workers", "1"], {
      program,
    });
    const height = tinyCard().inputs[0].shape[0];
    const npy = encodeNpy({ data: new Uint8Array(height * height).fill(30), shape: [height, height] });
    for (const body of [flatPng(30), npy]) { // a compute worker decodes the one, a picture worker the other
      const response = await fetch(`${server.url}/score/tiny`, {
        method: "POST",
        body: body as Uint8Array<ArrayBuffer>,
      });
      const { answers, error } = await response.json();
      assertEquals([response.status, error], [200, undefined]);
      assertClose(answers.energy.value, tinyAnswer(30).energy, 1e-5);
    }
  }));

Deno.test("compile puts program, workers and one build of ONNX Runtime on the base of a binary", () =>
  withFolder(async (folder) => {
    const out = join(folder, "serve"), base = Deno.execPath();
    // The base is downloaded from Deno's own server, so Deno itself stands in for it here.
    const { code, out: said } = await compile(["--out", out, "--json"], { DENORT_BIN: base });
    assertEquals(code, 0);
    const { type, bytes } = JSON.parse(said);
    const added = (bytes - (await Deno.stat(base)).size) / 2 ** 20;
    assertEquals(type, "binary");
    assert(added > 20 && added < 100, `${added} MiB were added`);
  }));

Deno.test("compile says in one line why there is no binary", () =>
  withFolder(async (folder) => {
    const error = await assertRejects(() => compileProgram(folder, join(folder, "serve")), CliError);
    assert(!error.message.includes("\n") && error.message.includes("DENORT_BIN"), error.message);
    assertEquals((await compile(["--out"])).code, 2);
  }));
