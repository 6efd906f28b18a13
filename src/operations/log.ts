/**
 * The node's log: JSON lines on standard output, each with the node's id. Nothing that a client sent is ever
 * logged but ids, which hold no control characters by then.
 */
import { type Logger, pino } from "pino";

export function createLog(level: string, nodeId: string): Logger {
  const options = {
    level,
    base: { node: nodeId },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  // Nobody waits for whoever reads it. With a least length, though of one, `flush` tells when all is written.
  return pino(options, pino.destination({ sync: false, minLength: 1 }));
}
