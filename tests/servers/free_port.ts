/** Ports of the loopback for servers that must be told theirs before they start. @module */
export { freePort, freePorts } from "../../lib/base/free_port.ts";
