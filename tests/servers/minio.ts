/**
 * MinIO on a free port of the loopback, for what versitygw lacks: notifications that a bucket asks for itself.
 * @module
 */
import { join } from "@std/path";
import { CREDENTIALS, type S3Server, startS3 } from "./_s3_process.ts";
import { freePort } from "./free_port.ts";

/** Options for {@linkcode startMinio}. */
export interface MinioOptions {
  /** Receives notifications of the buckets that ask for them; need not be up. */
  webhook: string;
  /** Sent with each as `Authorization: Bearer …`. */
  token: string;
}

/** A running MinIO. */
export interface MinioServer extends S3Server {
  /** Has a bucket tell the webhook of every new object whose key begins and ends so. */
  notify(bucket: string, prefix: string, suffix: string): Promise<void>;
}

/**
 * Starts MinIO and waits until it is ready. Notifications that cannot be delivered wait in a folder and are sent again.
 *
 * @param program Path of the program, as `testWith("minio", …)` gives it.
 * @throws {Error} If it ends by itself or is not healthy in time; with what it wrote.
 */
export async function startMinio(program: string, { webhook, token }: MinioOptions): Promise<MinioServer> {
  const port = freePort(), root = await Deno.makeTempDir();
  const folder = join(root, "data"), queue = join(root, "queue"), endpoint = `http://127.0.0.1:${port}`;
  await Deno.mkdir(folder);
  await Deno.mkdir(queue);
  const server = await startS3({
    program,
    args: ["server", folder, "--address", `127.0.0.1:${port}`, "--quiet"],
    env: {
      MINIO_ROOT_USER: CREDENTIALS.accessKeyId,
      MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey,
      MINIO_BROWSER: "off",
      MINIO_NOTIFY_WEBHOOK_ENABLE_scoring: "on",
      MINIO_NOTIFY_WEBHOOK_ENDPOINT_scoring: webhook,
      MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_scoring: `Bearer ${token}`,
      MINIO_NOTIFY_WEBHOOK_QUEUE_DIR_scoring: queue,
    },
    endpoint,
    health: "/minio/health/ready",
    root,
    folder,
  });
  return {
    ...server,
    async notify(bucket, prefix, suffix) {
      const { PutBucketNotificationConfigurationCommand, S3Client } = await import("@aws-sdk/client-s3");
      const client = new S3Client({ ...server.options, region: "us-east-1", forcePathStyle: true });
      await client.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket: bucket,
          NotificationConfiguration: {
            QueueConfigurations: [{
              QueueArn: "arn:minio:sqs::scoring:webhook",
              Events: ["s3:ObjectCreated:*"],
              Filter: {
                Key: { FilterRules: [{ Name: "prefix", Value: prefix }, { Name: "suffix", Value: suffix }] },
              },
            }],
          },
        }),
      );
      client.destroy();
    },
  };
}
