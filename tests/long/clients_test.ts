/** Other people's clients of the HTTP service, unmodified: KServe's, and schemathesis on what `/openapi.json` allows. @module */
import { dirname, join } from "@std/path";
import { openStore } from "../../lib/store/store.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { testWith } from "../needs.ts";
import { startScoring } from "../servers/scoring.ts";
import { tinyCard, tinyOnnx } from "../tiny_model.ts";

/** Runs a program against a server with the tiny model, and gives what it said. */
async function against(program: string, args: (url: string) => string[]): Promise<string> {
  let said = "";
  await withFolder(async (folder) => {
    await openStore(join(folder, "store")).publish(new Map([["model.onnx", tinyOnnx()]]), tinyCard());
    await using server = await startScoring(["--store", join(folder, "store"), "--workers", "1"]);
    const output = await new Deno.Command(program, { args: args(server.url), cwd: folder }).output();
    said = new TextDecoder().decode(output.stdout) + new TextDecoder().decode(output.stderr);
    assert(output.success, said);
  });
  return said;
}

testWith(
  "kserve",
  "kserve's REST client works unmodified, with values as JSON and as bytes",
  async (python) => {
    const program = (url: string) => `
import asyncio, numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
async def main():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=1))
    assert await client.is_server_live("${url}") and await client.is_server_ready("${url}")
    assert await client.is_model_ready("${url}", "tiny")
    for binary in (False, True):
        image = InferInput("image", [2, 4, 4, 1], "FP32")
        image.set_data_from_numpy(np.full((2, 4, 4, 1), 0.25, np.float32), binary_data=binary)
        answer = await client.infer("${url}", InferRequest("tiny", [image]), model_name="tiny")
        values = {output.name: output.as_numpy() for output in answer.outputs}
        np.testing.assert_allclose(values["kind"], [[1 / (1 + np.exp(4)), 1 / (1 + np.exp(-4))]] * 2, atol=1e-6)
        np.testing.assert_allclose(values["energy"], [[0.25], [0.25]], atol=1e-6)
    print("done")
asyncio.run(main())
`;
    const said = await against(python, (url) => ["-c", program(url)]);
    assertEquals(said.trim().split("\n").at(-1), "done");
  },
);

testWith(
  "schemathesis",
  "schemathesis finds no answer that /openapi.json does not describe",
  async (python) => {
    const checks = [
      "not_a_server_error",
      "status_code_conformance",
      "content_type_conformance",
      "response_schema_conformance",
    ];
    const said = await against(join(dirname(python), "schemathesis"), (url) => [
      ...["--no-color", "run", `${url}/openapi.json`, "--seed", "1", "--max-examples", "20"],
      ...["--phases", "examples,fuzzing", "--checks", checks.join(",")],
    ]);
    const [, tested] = /Tested:\s+(\d+)/.exec(said) ?? [];
    assert(Number(tested) >= 20, said);
  },
);
