"use strict";
// What jsroot calls of it, by Node's own zlib.
const { zstdDecompressSync } = require("node:zlib");

exports.ZstdInit = () =>
  Promise.resolve({ ZstdStream: { decompress: (bytes) => zstdDecompressSync(bytes) } });
