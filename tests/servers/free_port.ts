/** Ports of the loopback for servers that must be told theirs before they start. @module */
export { freePort, freePorts } from "../../tasks/_free_port.ts";
