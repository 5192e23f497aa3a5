/**
 * Requests and responses of the Open Inference Protocol v2, as JSON and with the binary tensor extension.
 *
 * Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md; Triton's
 * docs/protocol/extension_binary_data.md and extension_classification.md. @module
 */
import {
  countValues,
  isTensorType,
  type Tensor,
  TENSOR_TYPES,
  type TensorData,
  type TensorInfo,
  type TensorType,
} from "../score/tensor.ts";
import { isObject, parseJsonObject } from "./json.ts";
import { HttpProblem } from "./problem.ts";
import { type RoomShare, UNLIMITED } from "./room.ts";

/** The field that says how long the JSON before binary tensors is. */
export const HEADER_LENGTH = "inference-header-content-length";

/** An output that a client asks for. */
export interface WantedOutput {
  name: string;
  /** As raw bytes after the JSON. */
  binary: boolean;
  /** So many best classes as "value:index:label" instead of the tensor; 0 for the tensor. */
  classes: number;
}

/** A parsed inference request. */
export interface InferRequest {
  id?: string;
  parameters: Record<string, unknown>;
  inputs: Tensor[];
  /** What is asked for; empty for everything. */
  outputs: WantedOutput[];
  /** Whether outputs that do not say otherwise are binary. */
  binary: boolean;
}

const bad = (message: string) => new HttpProblem(400, message);

/** What a value is, for messages. */
function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

function parametersOf(value: unknown, where: string): Record<string, unknown> {
  if (value === undefined) return {};
  if (!isObject(value)) throw bad(`${where}.parameters must be an object: got ${kindOf(value)}`);
  if (Object.keys(value).some((name) => name.startsWith("shared_memory_"))) {
    throw bad(`${where}.parameters asks for shared memory, which this server does not have: send the values`);
  }
  for (const [name, parameter] of Object.entries(value)) {
    if (!["string", "number", "boolean"].includes(typeof parameter)) {
      throw bad(`${where}.parameters.${name} must be a string, number or boolean: got ${kindOf(parameter)}`);
    }
  }
  return value;
}

function flagOf(
  parameters: Record<string, unknown>,
  name: string,
  otherwise: boolean,
  where: string,
): boolean {
  const value = parameters[name] ?? otherwise;
  if (typeof value !== "boolean") throw bad(`${where}.parameters.${name} must be true or false`);
  return value;
}

function listOf(value: unknown, where: string): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw bad(`"${where}" must be an array: got ${kindOf(value)}`);
  value.forEach((entry, i) => {
    if (!isObject(entry)) throw bad(`${where}[${i}] must be an object: got ${kindOf(entry)}`);
  });
  return value;
}

function nameOf(entry: Record<string, unknown>, where: string): string {
  if (typeof entry.name !== "string" || entry.name === "") throw bad(`${where}.name must be a string`);
  return entry.name;
}

/** Whole numbers of each type; of 64 bits the float above the last, as {@linkcode exactly} refuses what lies beyond 2⁵³. */
const RANGES: Partial<Record<TensorType, readonly [low: number, high: number]>> = {
  BOOL: [0, 1],
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffffffff],
  UINT64: [0, 2 ** 64],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x80000000, 0x7fffffff],
  INT64: [-(2 ** 63), 2 ** 63],
};

/** Copies flat or nested JSON numbers into a typed array, and gives how many there were. */
function fill(target: TensorData, type: TensorType, values: readonly unknown[], where: string): number {
  const range = RANGES[type], [low, high] = range ?? [-Infinity, Infinity];
  const wide = type === "INT64" || type === "UINT64";
  let at = 0;
  const put = (list: readonly unknown[]) => {
    for (const entry of list) {
      if (Array.isArray(entry)) {
        put(entry);
        continue;
      }
      const value = typeof entry === "boolean" && type === "BOOL" ? Number(entry) : entry;
      if (
        typeof value !== "number" || (range && !(Number.isInteger(value) && value >= low && value <= high))
      ) {
        throw bad(
          `${where}.data must hold ${type} values: got ${JSON.stringify(entry)?.slice(0, 40)} at index ${at}`,
        );
      }
      if (at < target.length) {
        if (wide) (target as BigInt64Array)[at] = exactly(value, `${where}.data`);
        else (target as Float64Array)[at] = value;
      }
      at++;
    }
  };
  put(values);
  return at;
}

/** A whole number as it was sent. JSON is read as floats, so beyond 2⁵³ nobody knows what that was. */
function exactly(value: number, where: string): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw bad(
    `${where} holds a number near ${value}, and numbers of JSON are exact to 2^53: send it as binary data`,
  );
}

function shapeOf(value: unknown, where: string, maxValues: number): number[] {
  if (!Array.isArray(value) || value.some((size) => typeof size !== "number")) {
    throw bad(`${where}.shape must be an array of numbers: got ${JSON.stringify(value)?.slice(0, 80)}`);
  }
  if (value.length > 16) throw bad(`${where}.shape must have at most 16 dimensions: got ${value.length}`);
  try {
    countValues(value, maxValues);
  } catch (error) {
    throw bad(`${where}.shape: ${(error as Error).message}`);
  }
  return value;
}

/** Reads one input, from JSON or from `binary`; gives it and how many bytes of `binary` it took. */
function readInput(
  entry: Record<string, unknown>,
  where: string,
  binary: Uint8Array,
  { textBytes, maxValues }: { textBytes: number; maxValues: number },
): [Tensor, number] {
  const name = nameOf(entry, where);
  const type = entry.datatype;
  if (!isTensorType(type)) {
    throw bad(
      `${where}.datatype must be one of ${Object.keys(TENSOR_TYPES).join(", ")}: got ${
        JSON.stringify(type)?.slice(0, 40)
      }`,
    );
  }
  const shape = shapeOf(entry.shape, where, maxValues);
  const count = countValues(shape);
  const { bytes: width, make } = TENSOR_TYPES[type];
  const size = parametersOf(entry.parameters, where).binary_data_size;
  if (size === undefined) {
    if (!Array.isArray(entry.data)) throw bad(`${where}.data must be an array: got ${kindOf(entry.data)}`);
    if (count > textBytes) { // before so much is allocated
      throw bad(`${where} of shape [${shape}] needs ${count} values: the JSON has ${textBytes} bytes`);
    }
    const data = make(count);
    const found = fill(data, type, entry.data, where);
    if (found !== count) throw bad(`${where} of shape [${shape}] needs ${count} values: got ${found}`);
    return [{ name, type, shape, data }, 0];
  }
  if (entry.data !== undefined) throw bad(`${where} has both data and binary_data_size`);
  if (size !== count * width) {
    throw bad(
      `${where} of ${type} [${shape}] needs ${count * width} bytes: binary_data_size is ${
        JSON.stringify(size)
      }`,
    );
  }
  if (size > binary.length) {
    throw bad(`${where} needs ${size} bytes after the JSON: ${binary.length} are left`);
  }
  return [{ name, type, shape, data: viewOf(type, binary.subarray(0, size)) }, size];
}

/** Little-endian bytes as a tensor's values, copied where they do not lie on a boundary. */
function viewOf(type: TensorType, bytes: Uint8Array): TensorData {
  const { bytes: width, view } = TENSOR_TYPES[type];
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const data = view(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / width);
  if (type === "BOOL" && (data as Uint8Array).some((value) => value > 1)) {
    throw bad("BOOL tensors must hold bytes 0 and 1");
  }
  return data;
}

function readOutput(entry: Record<string, unknown>, where: string, binary: boolean): WantedOutput {
  const parameters = parametersOf(entry.parameters, where);
  const classes = parameters.classification ?? 0;
  if (typeof classes !== "number" || !Number.isInteger(classes) || classes < 0) {
    throw bad(`${where}.parameters.classification must be a number of classes`);
  }
  return { name: nameOf(entry, where), binary: flagOf(parameters, "binary_data", binary, where), classes };
}

/**
 * Parses the body of an inference request.
 *
 * @param body The whole body, unpacked.
 * @param headerLength The field Inference-Header-Content-Length, or null for plain JSON.
 * @param infos The model's inputs; a raw binary body (length 0) takes its only input's type and shape.
 * @param room Counts what the JSON takes in memory.
 * @param maxValues Most values of one tensor.
 * @throws {HttpProblem} 400 with what is wrong and where.
 */
export function parseInferRequest(
  body: Uint8Array,
  headerLength: string | null,
  infos: readonly TensorInfo[],
  room: RoomShare = UNLIMITED,
  maxValues = 1 << 26,
): InferRequest {
  const parse = (text: Uint8Array, binary: Uint8Array) =>
    parseParts(parseJsonObject(text, 100, room), binary, { textBytes: text.length, maxValues });
  if (headerLength === null) return parse(body, new Uint8Array());
  if (!/^[0-9]{1,15}$/.test(headerLength) || Number(headerLength) > body.length) {
    throw bad(
      `Inference-Header-Content-Length must be a number from 0 to ${body.length}: got "${
        headerLength.slice(0, 40)
      }"`,
    );
  }
  const length = Number(headerLength);
  if (length === 0) return { ...rawRequest(body, infos) };
  return parse(body.subarray(0, length), body.subarray(length));
}

/** A body that is nothing but one tensor. */
function rawRequest(body: Uint8Array, infos: readonly TensorInfo[]): InferRequest {
  if (infos.length !== 1) {
    throw bad(`A raw binary request needs a model of one input: this one has ${infos.length}`);
  }
  const [{ name, type, shape }] = infos;
  const rest = shape.slice(1);
  if (rest.includes(-1)) {
    throw bad(`A raw binary request needs a model of fixed shape: this one takes [${shape}]`);
  }
  const row = countValues(rest) * TENSOR_TYPES[type].bytes;
  if (body.length === 0 || body.length % row !== 0) {
    throw bad(`A raw binary request for [${shape}] needs a multiple of ${row} bytes: got ${body.length}`);
  }
  const tensor = { name, type, shape: [body.length / row, ...rest], data: viewOf(type, body) };
  return { parameters: {}, inputs: [tensor], outputs: [], binary: true };
}

function parseParts(
  json: Record<string, unknown>,
  binary: Uint8Array,
  limits: { textBytes: number; maxValues: number },
): InferRequest {
  const { id } = json;
  if (id !== undefined && typeof id !== "string") throw bad(`"id" must be a string: got ${kindOf(id)}`);
  const parameters = parametersOf(json.parameters, "request");
  const allBinary = flagOf(parameters, "binary_data_output", false, "request");
  const inputs: Tensor[] = [];
  let offset = 0;
  for (const [i, entry] of listOf(json.inputs, "inputs").entries()) {
    const [tensor, used] = readInput(entry, `inputs[${i}]`, binary.subarray(offset), limits);
    offset += used;
    if (inputs.some(({ name }) => name === tensor.name)) {
      throw bad(`inputs[${i}] names "${tensor.name}" again`);
    }
    inputs.push(tensor);
  }
  if (inputs.length === 0) throw bad(`"inputs" must hold at least one tensor`);
  if (offset !== binary.length) {
    throw bad(`${binary.length - offset} bytes after the JSON belong to no input`);
  }
  const outputs = json.outputs === undefined
    ? []
    : listOf(json.outputs, "outputs").map((entry, i) => readOutput(entry, `outputs[${i}]`, allBinary));
  const names = outputs.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw bad(`outputs name "${twice}" twice`);
  return { ...(id === undefined ? {} : { id }), parameters, inputs, outputs, binary: allBinary };
}

/** What an inference response says beside its tensors. */
export interface InferHead {
  model: string;
  version: string;
  id?: string;
}

/** The `count` best columns of each row as "value:index:label". */
function classify(
  tensor: Tensor,
  count: number,
  labels: readonly string[] | undefined,
): { shape: number[]; data: string[] } {
  const rows = tensor.shape[0], columns = tensor.data.length / rows;
  const take = Math.min(count, columns), data: string[] = [];
  for (let r = 0; r < rows; r++) {
    const row = Array.from(tensor.data.subarray(r * columns, (r + 1) * columns) as Float32Array, Number);
    const order = row.map((_, i) => i).sort((a, b) => row[b] - row[a]).slice(0, take);
    for (const i of order) {
      data.push(`${row[i].toFixed(6)}:${i}${labels?.[i] === undefined ? "" : `:${labels[i]}`}`);
    }
  }
  return { shape: [rows, take], data };
}

/** Strings as BYTES travel in binary: each after its length in four little-endian bytes. */
function packStrings(strings: readonly string[]): Uint8Array {
  const texts = strings.map((text) => new TextEncoder().encode(text));
  const out = new Uint8Array(texts.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const text of texts) {
    new DataView(out.buffer).setUint32(at, text.length, true);
    out.set(text, at + 4);
    at += 4 + text.length;
  }
  return out;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: TensorData) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** JSON's own digits, for a number that is no float; TypeScript does not know this function yet. */
const { rawJSON } = JSON as unknown as { rawJSON(digits: string): unknown };

/** Values as JSON has them: 64-bit integers digit by digit, BOOL as true and false. NaN and infinities become null. */
function jsonValues({ type, data }: Tensor): unknown[] {
  if (type === "BOOL") return Array.from(data as Uint8Array, (value) => value !== 0);
  if (type === "INT64" || type === "UINT64") {
    return Array.from(data as BigInt64Array, (value) => {
      const near = Number(value);
      return Number.isSafeInteger(near) ? near : rawJSON(String(value));
    });
  }
  return Array.from(data as Float32Array, Number);
}

/**
 * Writes an inference response.
 *
 * @param outputs All outputs of the model.
 * @param request Says which of them are wanted, and how.
 * @param labels Labels of an output's columns, for classification.
 * @throws {HttpProblem} 400 if an output is asked for that the model does not have.
 */
export function formatInferResponse(
  head: InferHead,
  outputs: readonly Tensor[],
  request: Pick<InferRequest, "outputs" | "binary">,
  labels: (output: string) => readonly string[] | undefined = () => undefined,
): Response {
  const wanted = request.outputs.length > 0
    ? request.outputs
    : outputs.map(({ name }) => ({ name, binary: request.binary, classes: 0 }));
  const tails: Uint8Array[] = [];
  const written = wanted.map(({ name, binary, classes }) => {
    const tensor = outputs.find((output) => output.name === name);
    if (!tensor) {
      throw bad(
        `The model has no output "${name}": it has ${outputs.map((output) => `"${output.name}"`).join(", ")}`,
      );
    }
    const best = classes > 0 ? classify(tensor, classes, labels(name)) : undefined;
    const { shape, datatype } = best
      ? { shape: best.shape, datatype: "BYTES" }
      : { shape: tensor.shape, datatype: tensor.type };
    if (!binary) return { name, datatype, shape, data: best ? best.data : jsonValues(tensor) };
    const tail = best ? packStrings(best.data) : bytesOf(tensor.data);
    tails.push(tail);
    return { name, datatype, shape, parameters: { binary_data_size: tail.length } };
  });
  const { model, version, id } = head;
  const json = {
    model_name: model,
    model_version: version,
    ...(id === undefined ? {} : { id }),
    outputs: written,
  };
  if (tails.length === 0) return Response.json(json);
  const text = new TextEncoder().encode(JSON.stringify(json));
  const body = new Uint8Array(tails.reduce((sum, { length }) => sum + length, text.length));
  body.set(text);
  let at = text.length;
  for (const tail of tails) {
    body.set(tail, at);
    at += tail.length;
  }
  return new Response(body, {
    headers: { "content-type": "application/octet-stream", [HEADER_LENGTH]: String(text.length) },
  });
}
