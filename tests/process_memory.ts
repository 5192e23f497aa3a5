/** What a process holds, as Linux says it. @module */
export { processMebibytes } from "../tasks/bench/_memory.ts";
