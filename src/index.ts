/** The signaler as a library: start a node inside your own process. */

export type { Driver } from "./cluster/driver.js";
export { ConfigError, loadConfig } from "./config/load-config.js";
export { type Config, settings } from "./config/settings.js";
export type { Envelope, Member } from "./protocol/envelope.js";
export { type AddressedEvent, addressedEvents, type ClientEvent } from "./protocol/events.js";
export { type FailureCode, type FailureMeaning, failures } from "./protocol/failures.js";
export { type Signaler, type Surroundings, startSignaler } from "./signaler.js";
