/** Model versions in a folder or a bucket: checksums, aliases, nothing half done. @module */
export * from "./blobs.ts";
export * from "./folder.ts";
export * from "./s3.ts";
export * from "./store.ts";
