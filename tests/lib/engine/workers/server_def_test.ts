import { encodeServerDef, taskName } from "../../../../lib/engine/workers/server_def.ts";
import { assertEquals } from "../../../assert.ts";

// from tensorflow.core.protobuf import tensorflow_server_pb2 as s
// d = s.ServerDef(job_name="worker", task_index=1, protocol="grpc")
// j = d.cluster.job.add(name="worker"); j.tasks[0] = "a:1"; j.tasks[1] = "b:2"
// d.default_session_config.intra_op_parallelism_threads = 1
// d.default_session_config.inter_op_parallelism_threads = 2
// d.default_session_config.experimental.collective_group_leader = "/job:worker/replica:0/task:0"
// print(d.SerializeToString().hex())  # but for the order of j.tasks, which is a map
const EXPECTED = "0a1c0a1a0a06776f726b6572120708001203613a31120708011203623a32" +
  "1206776f726b6572180122251001280282011e0a1c2f6a6f623a776f726b65722f7265706c6963613a302f7461736b3a30" +
  "2a0467727063";

Deno.test("encodeServerDef() gives the bytes of TensorFlow's own message", () => {
  const bytes = encodeServerDef({ rank: 1, addresses: ["a:1", "b:2"] }, { threads: 1, parallelOps: 2 });
  assertEquals([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), EXPECTED);
  assertEquals(taskName(3), "/job:worker/replica:0/task:3");
});
