/**
 * The answer to one client event. Every event ends in exactly one: `ok`, or `fail`, which tells the sender by
 * an envelope and, where it gave an ack, by the ack as well [P-40].
 */
import { RedisUnavailable } from "../cluster/driver.js";
import { type Envelope, failureEnvelope } from "../protocol/envelope.js";
import { SignalingFailure } from "../protocol/failures.js";
import type { Session } from "./session.js";

export type Ack = (...answer: unknown[]) => void;

/** Told of every failure; an unexpected one comes with its cause. */
export type FailureListener = (failure: SignalingFailure, cause?: unknown) => void;

export class Reply {
  readonly event: string;
  readonly ack: Ack | undefined;
  readonly #session: Session;
  readonly #onFailure: FailureListener;

  constructor(session: Session, event: string, ack: Ack | undefined, onFailure: FailureListener) {
    this.#session = session;
    this.event = event;
    this.ack = ack;
    this.#onFailure = onFailure;
  }

  /** @param about - what the answer has no place for; clients that do not know of it never see it. */
  ok(answer: Envelope | unknown[], ...about: unknown[]): void {
    this.ack?.(answer, ...about);
  }

  fail(error: unknown): SignalingFailure {
    const failure = asFailure(error);
    this.#onFailure(failure, failure === error ? undefined : error);
    const envelope = failureEnvelope(failure, this.event);
    this.#session.connection.send(envelope);
    this.ack?.(envelope);
    return failure;
  }
}

function asFailure(error: unknown): SignalingFailure {
  if (error instanceof SignalingFailure) return error;
  return new SignalingFailure(error instanceof RedisUnavailable ? "unavailable" : "internal");
}
