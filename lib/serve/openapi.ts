/** The service's contract, as OpenAPI 3.1. @module */
import { OUTPUT_KINDS } from "../card/outputs/registry.ts";
import type { Context } from "./context.ts";

type Json = Record<string, unknown>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json): Json => ({ "application/json": { schema } });
const answer = (description: string, schema: Json): Json => ({ description, content: json(schema) });
const problem = (description: string): Json => answer(description, ref("Problem"));
const parameter = (
  name: string,
  place: "path" | "query" | "header",
  description: string,
  type = "string",
): Json => ({
  name,
  in: place,
  description,
  required: place === "path",
  schema: { type },
});

const MODEL = parameter("model", "path", "Name of a model");
const VERSION = parameter("version", "path", "A version, or an alias such as champion");
const object = (properties: Json, required: string[] = []): Json => ({
  type: "object",
  properties,
  required,
});
const array = (items: Json): Json => ({ type: "array", items });
const STRING: Json = { type: "string" },
  NUMBER: Json = { type: "number" },
  BOOLEAN: Json = { type: "boolean" };

const COMMON: Json = {
  400: problem("The request is wrong; the message says where"),
  401: problem("A known bearer token is needed"),
  403: problem("The token lacks the scope"),
  404: problem("No such model or version"),
  421: problem("The server is not called by this name"),
  429: problem("Too many requests of one client at a time"),
  413: problem("The body, unpacked, is larger than allowed, or takes more memory than there is for all"),
  422: problem("A pixel or an output is not a number; the message says which"),
  503: problem("Too busy, too late or not loaded: try again after Retry-After"),
};

const SCHEMAS: Json = {
  Problem: object({ error: STRING }, ["error"]),
  Statistics: object({ model_stats: array({ type: "object" }) }, ["model_stats"]),
  Tensor: object({
    name: STRING,
    shape: array({ type: "integer" }),
    datatype: {
      type: "string",
      enum: [
        "BOOL",
        "UINT8",
        "UINT16",
        "UINT32",
        "UINT64",
        "INT8",
        "INT16",
        "INT32",
        "INT64",
        "FP32",
        "FP64",
        "BYTES",
      ],
    },
    parameters: { type: "object" },
    data: {
      type: "array",
      description: "Row-major, flat or nested; left out where the values follow as bytes",
    },
  }, ["name", "shape", "datatype"]),
  InferRequest: object({
    id: STRING,
    parameters: object({ binary_data_output: BOOLEAN, timeout: { ...NUMBER, description: "Microseconds" } }),
    inputs: array(ref("Tensor")),
    outputs: array(
      object({ name: STRING, parameters: object({ binary_data: BOOLEAN, classification: NUMBER }) }, [
        "name",
      ]),
    ),
  }, ["inputs"]),
  InferResponse: object({
    model_name: STRING,
    model_version: STRING,
    id: STRING,
    outputs: array(ref("Tensor")),
  }, ["model_name", "outputs"]),
  Answer: {
    oneOf: OUTPUT_KINDS.map(({ kind }) => ref(`Answer_${kind}`)),
    discriminator: {
      propertyName: "kind",
      mapping: Object.fromEntries(
        OUTPUT_KINDS.map(({ kind }) => [kind, `#/components/schemas/Answer_${kind}`]),
      ),
    },
  },
  ...Object.fromEntries(OUTPUT_KINDS.map(({ kind, answerSchema }) => [`Answer_${kind}`, answerSchema])),
  Result: object({
    model: STRING,
    version: STRING,
    name: STRING,
    height: { type: "integer", description: "Of a picture" },
    width: { type: "integer", description: "Of a picture" },
    shape: { ...array({ type: "integer" }), description: "Of anything else" },
    warnings: { ...array(STRING), description: "What was assumed of the file, and what looks wrong in it" },
    display: { type: "object", description: "With view=1: every answer as text, bars and picture" },
    answers: { type: "object", additionalProperties: ref("Answer") },
    timings: object({ decodeMs: NUMBER, queueMs: NUMBER, computeMs: NUMBER, totalMs: NUMBER }),
    view: object({
      height: NUMBER,
      width: NUMBER,
      channels: NUMBER,
      frames: { type: "integer", description: "Of a volume, one after the other in the data" },
      low: NUMBER,
      high: NUMBER,
      data: { ...STRING, contentEncoding: "base64" },
    }),
    hits: {
      ...object({
        side: array(NUMBER),
        layer: array(NUMBER),
        column: array(NUMBER),
        radiusMm: array(NUMBER),
        heightMm: array(NUMBER),
        place: array(NUMBER),
        label: array(NUMBER),
        legend: array({ type: "object", properties: { label: STRING, color: array(NUMBER) } }),
      }),
      description:
        "With view=1, of a tracker's event: its hits as they were measured, where the model sees them, " +
        "and the label that a mask gives each",
    },
    map: object({ output: STRING, rows: NUMBER, columns: NUMBER, values: array(NUMBER) }),
  }, ["model", "version", "answers"]),
  Results: object({
    model: STRING,
    version: STRING,
    results: array({ anyOf: [ref("Result"), ref("Problem")] }),
  }),
  Metadata: object({
    name: STRING,
    versions: array(STRING),
    platform: STRING,
    inputs: array(ref("Tensor")),
    outputs: array(ref("Tensor")),
  }, ["name", "platform", "inputs", "outputs"]),
};

const BINARY: Json = { schema: { type: "string", format: "binary" } };

const infer = (parameters: Json[]): Json => ({
  post: {
    summary: "Run the model on tensors",
    parameters: [
      ...parameters,
      parameter(
        "Inference-Header-Content-Length",
        "header",
        "Bytes of JSON before binary tensors",
        "integer",
      ),
    ],
    requestBody: {
      required: true,
      content: { ...json(ref("InferRequest")), "application/octet-stream": BINARY },
    },
    responses: { 200: answer("Output tensors", ref("InferResponse")), ...COMMON },
  },
});

const score = (parameters: Json[]): Json => ({
  post: {
    summary: "Score a file: pictures, stacks, volumes, tables; many in a form or a zip",
    parameters: [
      ...parameters,
      parameter("view", "query", "1 to get the picture as the model sees it", "integer"),
      parameter("map", "query", "1 to get how much each part matters", "integer"),
      parameter("page", "query", "Only this example of a stack, counted from 0", "integer"),
      parameter("range", "query", "Values of black and white in the file, such as 0,4095"),
      parameter("output", "query", "Which output is answered as application/x-npy"),
    ],
    requestBody: {
      required: true,
      content: Object.fromEntries(
        [
          "image/png",
          "image/jpeg",
          "image/tiff",
          "application/fits",
          "application/zip",
          "application/octet-stream",
          "multipart/form-data",
        ]
          .map((type) => [type, BINARY]),
      ),
    },
    responses: {
      200: {
        description: "One result, or several; a line each where application/x-ndjson is accepted",
        content: {
          ...json({ anyOf: [ref("Result"), ref("Results")] }),
          "application/x-ndjson": { schema: ref("Result") },
          "application/x-npy": BINARY,
        },
      },
      ...COMMON,
      406: problem("No output is an array, or there are several examples, where .npy was asked for"),
      415: problem("No file that is understood here"),
    },
  },
});

const get = (summary: string, schema: Json, parameters: Json[] = [], others: Json = {}): Json => ({
  get: {
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: { 200: answer(summary, schema), ...others },
  },
});

const PATHS: Json = {
  "/v2": get("The server", object({ name: STRING, version: STRING, extensions: array(STRING) })),
  "/v2/health/live": get("Whether the process answers", object({ live: BOOLEAN })),
  "/v2/health/ready": get(
    "Whether every model answers",
    object({ ready: BOOLEAN, models: array({ type: "object" }) }),
    [],
    {
      503: answer("Not yet, or stopping", object({ ready: BOOLEAN })),
    },
  ),
  "/v2/models/{model}": get("What a model takes and gives", ref("Metadata"), [MODEL], COMMON),
  "/v2/models/{model}/versions/{version}": get("What a version takes and gives", ref("Metadata"), [
    MODEL,
    VERSION,
  ], COMMON),
  "/v2/models/{model}/ready": get("Whether a model answers", object({ ready: BOOLEAN }), [MODEL], COMMON),
  "/v2/models/{model}/versions/{version}/ready": get(
    "Whether a version answers",
    object({ ready: BOOLEAN }),
    [MODEL, VERSION],
    COMMON,
  ),
  "/v2/models/{model}/config": get(
    "A model's configuration as Triton has it",
    { type: "object" },
    [MODEL],
    COMMON,
  ),
  "/v2/models/{model}/versions/{version}/config": get(
    "A version's configuration as Triton has it",
    { type: "object" },
    [MODEL, VERSION],
    COMMON,
  ),
  "/v2/models/stats": get("What all versions in memory have done", ref("Statistics"), [], COMMON),
  "/v2/models/{model}/stats": get("What a model has done", ref("Statistics"), [MODEL], COMMON),
  "/v2/models/{model}/versions/{version}/stats": get("What a version has done", ref("Statistics"), [
    MODEL,
    VERSION,
  ], COMMON),
  "/v2/models/{model}/infer": infer([MODEL]),
  "/v2/models/{model}/versions/{version}/infer": infer([MODEL, VERSION]),
  "/v2/repository/index": {
    post: {
      summary: "Versions in the store, and which are loaded",
      responses: {
        200: answer(
          "Versions",
          array(object({ name: STRING, version: STRING, state: STRING, reason: STRING })),
        ),
        ...COMMON,
      },
    },
  },
  "/v2/repository/models/{model}/load": {
    post: {
      summary: "Look into the store now and load the newest version",
      parameters: [MODEL],
      responses: { 200: answer("Loaded", object({ name: STRING, version: STRING })), ...COMMON },
    },
  },
  "/v2/repository/models/{model}/unload": {
    post: {
      summary: "Free a model's memory; it answers again once it is loaded",
      parameters: [MODEL],
      responses: { 200: answer("Unloaded", object({ name: STRING })), ...COMMON },
    },
  },
  "/models": get("The models' cards", object({ models: array({ type: "object" }) }), [], COMMON),
  "/score/{model}": score([MODEL, parameter("version", "query", "A version, or an alias such as champion")]),
  "/score/{model}/{version}": score([MODEL, VERSION]),
  "/events": {
    post: {
      summary: "Object-created notifications of S3 or MinIO",
      requestBody: { required: true, content: json({ type: "object" }) },
      responses: {
        202: answer(
          "Kept; scored in the background",
          object({ accepted: NUMBER, known: NUMBER, ignored: NUMBER }),
        ),
        ...COMMON,
      },
    },
  },
  "/metrics": {
    get: {
      summary: "Metrics for Prometheus",
      responses: {
        200: { description: "Text", content: { "text/plain": { schema: STRING } } },
        401: COMMON[401],
        403: COMMON[403],
      },
    },
  },
};

/** The document; written once and kept. */
let text: string | undefined;

/** GET /openapi.json */
export function openApi({ service }: Context): Response {
  text ??= JSON.stringify({
    openapi: "3.1.0",
    info: {
      title: "cloudchamber scoring",
      version: service.version ?? "0",
      description: "Models scored over HTTP: the Open Inference Protocol v2, and pictures in, physics out.",
    },
    components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    security: [{}, { bearer: [] }],
    paths: PATHS,
  });
  return new Response(text, { headers: { "content-type": "application/json" } });
}
