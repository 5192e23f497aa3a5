/**
 * A small assembler for WebAssembly: enough to write arithmetic kernels over a memory that somebody else owns.
 *
 * Code is a flat list of bytes; every helper gives the bytes of one instruction, so a kernel reads top to bottom and
 * loops of TypeScript unroll it. Source: WebAssembly core specification 2.0 (binary format), SIMD and relaxed SIMD.
 * @module
 */

/** Bytes of instructions. */
export type Code = readonly number[];

/** Types of parameters and locals. */
export type ValueType = "i32" | "f32" | "v128";

const TYPES: Record<ValueType, number> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const done = (value === 0 && !(low & 0x40)) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

const simd = (opcode: number, ...rest: number[]): Code => [0xfd, ...unsigned(opcode), ...rest];

/** An access of 4-byte alignment: floats are aligned so, vectors of them no better. */
const at = (offset: number): number[] => [2, ...unsigned(offset)];

const ZERO_VECTOR = simd(12, ...Array<number>(16).fill(0));

/** Instructions by name; operands come before, on the stack. */
export const op = {
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  i32: (value: number): Code => [0x41, ...signed(value)],
  add: [0x6a] as Code,
  sub: [0x6b] as Code,
  multiply: [0x6c] as Code,
  and: [0x71] as Code,
  shiftRight: [0x76] as Code,
  loadFloat: (offset = 0): Code => [0x2a, ...at(offset)],
  storeFloat: (offset = 0): Code => [0x38, ...at(offset)],
  zeroFloat: [0x43, 0, 0, 0, 0] as Code,
  addFloat: [0x92] as Code,
  multiplyFloat: [0x94] as Code,
  load: (offset = 0): Code => simd(0, ...at(offset)),
  loadSplat: (offset = 0): Code => simd(9, ...at(offset)),
  store: (offset = 0): Code => simd(11, ...at(offset)),
  zeroVector: ZERO_VECTOR,
  addVector: simd(228),
  multiplyVector: simd(230),
  /** All bits of a lane set where the two are equal. */
  equal: simd(65),
  /** The larger of the two, lane by lane; not a number where one is none. */
  largerVector: simd(233),
  andVector: simd(78),
  /** a and not b. */
  andNotVector: simd(79),
  /** a · b + c in one rounding or two, as the machine likes. */
  multiplyAdd: simd(0x105),
  /** Runs `body` over and over while it leaves true on the stack. */
  loopWhile: (...body: Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b],
  /** Runs `body` if the condition on the stack is true. */
  when: (...body: Code[]): Code => [0x04, 0x40, ...body.flat(), 0x0b],
  /** Runs one of two bodies by the condition on the stack. */
  choose: (yes: Code, no: Code): Code => [0x04, 0x40, ...yes, 0x05, ...no, 0x0b],
};

/** One local into another. */
export const copyTo = (from: number, to: number): Code => [...op.get(from), ...op.set(to)];

/** local += what `by` leaves on the stack. */
export const advance = (
  local: number,
  by: Code,
): Code => [...op.get(local), ...by, ...op.add, ...op.set(local)];

/** local −= 1, and leaves it on the stack: the condition of a loop. */
export const countDown = (local: number): Code => [
  ...op.get(local),
  ...op.i32(1),
  ...op.sub,
  ...op.set(local),
  ...op.get(local),
];

/** A function without a result. */
export interface WasmFunction {
  name: string;
  /** How many i32 parameters; they are the first locals. */
  parameters: number;
  /** The locals after the parameters. */
  locals: readonly ValueType[];
  body: Code;
}

const vector = (
  items: readonly (readonly number[])[],
): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
};

/** Most pages of 64 KiB that a memory may have; a shared one has to say. */
const MOST_PAGES = 65536;

/**
 * The bytes of a module that imports its memory as `env.memory` and exports every function.
 *
 * @param shared Whether other threads have the memory too. @default {false}
 * @example A function that stores 1 + 2 (as int32 bits, by float) is longer than this line; an empty one is not
 * ```ts
 * import { assemble } from "./wasm_assembler.ts";
 * WebAssembly.validate(assemble([{ name: "nothing", parameters: 0, locals: [], body: [] }])); // true
 * ```
 */
export function assemble(functions: readonly WasmFunction[], shared = false): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [TYPES.i32])),
    0,
  ]);
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  const limits = shared ? [3, 0, ...unsigned(MOST_PAGES)] : [0, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 2, ...limits]])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, vector(bodies)),
  ]);
}

/** Whether other threads can have a memory. */
export function isShared({ buffer }: WebAssembly.Memory): boolean {
  return !(buffer instanceof ArrayBuffer);
}

/**
 * Makes the functions over a memory.
 *
 * @throws {WebAssembly.CompileError} If the machine lacks what they use.
 */
export function instantiate(
  functions: readonly WasmFunction[],
  memory: WebAssembly.Memory,
): WebAssembly.Exports {
  const module = new WebAssembly.Module(assemble(functions, isShared(memory)));
  return new WebAssembly.Instance(module, { env: { memory } }).exports;
}
