/** MinIO, the second real S3 server, for the long tests: on a free port of the loopback, with a folder of its own. @module */
import { join } from "@std/path";
import { CREDENTIALS, freePort, type S3Server, startS3 } from "./_s3_process.ts";

/**
 * Starts MinIO and waits until it is ready.
 *
 * @param program Path of the program, as `testWith("minio", …)` gives it.
 * @throws {Error} If it ends by itself or is not ready in time; with what it wrote.
 */
export async function startMinio(program: string): Promise<S3Server> {
  const root = await Deno.makeTempDir(), folder = join(root, "data"), port = freePort();
  await Deno.mkdir(folder);
  return await startS3({
    program,
    args: ["server", folder, "--address", `127.0.0.1:${port}`, "--quiet"],
    env: {
      MINIO_ROOT_USER: CREDENTIALS.accessKeyId,
      MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey,
      MINIO_BROWSER: "off",
      HOME: root,
    },
    endpoint: `http://127.0.0.1:${port}`,
    health: "/minio/health/ready",
    root,
    folder,
  });
}
