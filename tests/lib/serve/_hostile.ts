/**
 * Requests that nobody means well: drawn by fast-check from every route, with bodies that are malformed, truncated,
 * too deep, too large or lying.
 */
import fc from "fast-check";
import { encodeFits } from "../../../lib/io/fits.ts";
import { encodeGzip } from "../../../lib/io/gzip.ts";
import { encodeIdx } from "../../../lib/io/idx.ts";
import { encodeNpy } from "../../../lib/io/npy.ts";
import { encodeNpz } from "../../../lib/io/npz.ts";
import { encodeZip } from "../../../lib/io/zip.ts";
import { SIDE } from "../../tiny_model.ts";
import { flatPng } from "./_service.ts";

/** A request as it may be sent in this process. */
export interface HostileRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
}

const shape = [SIDE, SIDE], values = new Float32Array(SIDE * SIDE).fill(3);

/** One good file of each kind, to be damaged. */
const SEEDS: Uint8Array[] = [
  flatPng(7),
  encodeNpy({ data: values, shape }),
  encodeNpz({ a: { data: values, shape } }),
  encodeFits([{ data: values, shape }]),
  encodeIdx({ data: new Uint8Array(SIDE * SIDE), shape: [1, ...shape] }),
  encodeGzip(flatPng(7)),
  encodeZip([{ name: "a.png", bytes: flatPng(7) }, {
    name: "b/c.npy",
    bytes: encodeNpy({ data: values, shape }),
  }]),
  Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0, 1, 4, 0, 1, 0, 0, 0, 255, 255, 255, 127, 0, 0, 0, 0),
  Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0),
];

const bytesOf = (text: string) => new TextEncoder().encode(text);
const plain = (bytes: Uint8Array) => bytes.slice() as Uint8Array<ArrayBuffer>;

/** A good file with some bytes changed, cut off, or added. */
const damaged = fc.tuple(
  fc.constantFrom(...SEEDS),
  fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom("whole", "whole", "cut", "grown"),
).map(([seed, changes, share, kind]) => {
  const bytes = kind === "cut"
    ? seed.slice(0, Math.floor(seed.length * share))
    : kind === "grown"
    ? Uint8Array.from([...seed, ...seed.subarray(0, Math.floor(seed.length * share))])
    : seed.slice();
  for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
  return plain(bytes);
});

const dimension = fc.oneof(
  fc.constantFrom(1, SIDE, 0, -1, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 1e300, 0.5),
  fc.integer(),
);
const anything = fc.jsonValue({ maxDepth: 4 });
const deep = fc.integer({ min: 1, max: 3000 }).map((n) => "[".repeat(n) + "]".repeat(n));

/** Something like an inference request, each part right or wrong. */
const inference = fc.record({
  id: fc.oneof(fc.string(), anything),
  parameters: fc.oneof(
    fc.constant({}),
    fc.constant({ timeout: 1 }),
    fc.constant({ binary_data_output: true }),
    anything,
  ),
  inputs: fc.oneof(
    fc.array(
      fc.record({
        name: fc.oneof(fc.constant("image"), fc.string()),
        shape: fc.oneof(fc.constant([1, SIDE, SIDE, 1]), fc.array(dimension, { maxLength: 6 }), anything),
        datatype: fc.oneof(fc.constantFrom("FP32", "INT64", "BOOL", "BYTES", "FP16"), anything),
        data: fc.oneof(
          fc.constant(new Array(SIDE * SIDE).fill(0.5)),
          fc.array(anything, { maxLength: 20 }),
          anything,
        ),
        parameters: fc.oneof(fc.constant({ binary_data_size: SIDE * SIDE * 4 }), anything),
      }, { requiredKeys: ["name"] }),
      { maxLength: 3 },
    ),
    anything,
  ),
  outputs: fc.oneof(
    fc.array(fc.record({
      name: fc.oneof(fc.constantFrom("kind", "energy"), fc.string()),
      parameters: fc.oneof(fc.constant({ classification: 3 }), fc.constant({ binary_data: true }), anything),
    }, { requiredKeys: ["name"] })),
    anything,
  ),
}, { requiredKeys: [] }).map((value) => JSON.stringify(value));

const notification = fc.record({
  Records: fc.oneof(
    fc.array(fc.record({
      eventName: fc.oneof(fc.constant("s3:ObjectCreated:Put"), anything),
      s3: fc.oneof(
        fc.record({
          bucket: fc.oneof(fc.record({ name: fc.oneof(fc.constant("daq"), fc.string()) }), anything),
          object: fc.oneof(fc.record({ key: fc.string(), eTag: anything, sequencer: anything }), anything),
        }),
        anything,
      ),
    })),
    anything,
  ),
}).map((value) => JSON.stringify(value));

const content = fc.oneof(
  { arbitrary: damaged, weight: 5 },
  { arbitrary: inference.map(bytesOf), weight: 5 },
  { arbitrary: notification.map(bytesOf), weight: 1 },
  { arbitrary: deep.map((text) => bytesOf(`{"inputs":${text}}`)), weight: 1 },
  { arbitrary: fc.uint8Array({ maxLength: 400 }), weight: 2 },
  { arbitrary: damaged.map((bytes) => plain(encodeGzip(bytes))), weight: 1 },
  { arbitrary: fc.constant(new Uint8Array()), weight: 1 },
).map(plain);

const segment = fc.oneof(
  { arbitrary: fc.constant("tiny"), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      "..",
      "%2e%2e",
      "..%2f..%2fetc%2fpasswd",
      "%00",
      "%ff",
      "tiny%2f1",
      "a".repeat(300),
      "constructor",
      "__proto__",
    ),
    weight: 2,
  },
  { arbitrary: fc.webSegment(), weight: 1 },
);
const version = fc.constantFrom("1", "2", "0", "-1", "1e9", "latest", "99999999999999999999", "%2e%2e");

const path = fc.oneof(
  {
    arbitrary: fc.tuple(segment, fc.constantFrom("", "?view=1", "?map=1", "?version=..", "?version=1", "/1"))
      .map(([m, q]) => `/score/${m}${q}`),
    weight: 6,
  },
  { arbitrary: segment.map((model) => `/v2/models/${model}/infer`), weight: 6 },
  {
    arbitrary: fc.tuple(segment, version, fc.constantFrom("", "/ready", "/infer", "/config", "/stats")).map((
      [m, v, end],
    ) => `/v2/models/${m}/versions/${v}${end}`),
    weight: 2,
  },
  {
    arbitrary: fc.tuple(segment, fc.constantFrom("", "/ready", "/config")).map(([m, end]) =>
      `/v2/models/${m}${end}`
    ),
    weight: 1,
  },
  {
    arbitrary: fc.constantFrom(
      "/",
      "/page.js",
      "/openapi.json",
      "/metrics",
      "/models",
      "/v2",
      "/v2/",
      "/v2/health/live",
      "/v2/health/ready",
      "/v2/repository/index",
      "/v2/repository/models/tiny/load",
    ),
    weight: 1,
  },
  { arbitrary: fc.constant("/events"), weight: 1 },
  { arbitrary: fc.webPath(), weight: 1 },
);

const method = fc.oneof(
  { arbitrary: fc.constant("POST"), weight: 8 },
  { arbitrary: fc.constantFrom("GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"), weight: 2 },
);

const headers = fc.record({
  "content-type": fc.constantFrom(
    "application/json",
    "image/png",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/octet-stream",
    "text/plain",
  ),
  "content-encoding": fc.constantFrom("gzip", "deflate", "br", "identity", "gzip, gzip"),
  "inference-header-content-length": fc.constantFrom(
    "0",
    "1",
    "10",
    "-1",
    "1e9",
    "99999999999999999999",
    "0x10",
    " ",
  ),
  "content-length": fc.constantFrom("0", "5", "-1", "99999999999", "abc"),
  accept: fc.constantFrom("application/x-ndjson", "*/*"),
  traceparent: fc.constantFrom(
    "00-0-0-0",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "x".repeat(500),
  ),
  "x-request-id": fc.constantFrom("a", "a b", "x".repeat(300)),
  authorization: fc.constantFrom("Bearer x", "Basic eDp5", "Bearer"),
  origin: fc.constantFrom("null", "https://evil.example"),
}, { requiredKeys: [] }).map((fields) => {
  // The fields that spoil every body are rare, so that most bodies are looked into.
  const {
    "content-encoding": encoding,
    "content-length": length,
    "inference-header-content-length": head,
    ...rest
  } = fields;
  const pick = (encoding?.length ?? 0) + (length?.length ?? 0);
  return {
    ...rest,
    ...(encoding && pick % 3 === 0 ? { "content-encoding": encoding } : {}),
    ...(length && pick % 4 === 0 ? { "content-length": length } : {}),
    ...(head && pick % 2 === 0 ? { "inference-header-content-length": head } : {}),
  };
});

/** Any such request. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = fc.record({
  method,
  path,
  headers,
  body: content,
}).map(
  ({ method, path, headers, body }) => {
    const bare = method === "GET" || method === "HEAD";
    return {
      method,
      path,
      headers: Object.fromEntries(Object.entries(headers)) as Record<string, string>,
      ...(bare ? {} : { body }),
    };
  },
);
