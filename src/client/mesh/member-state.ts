/**
 * What members show of themselves besides their media. It goes from page to page, so that a switch is seen at
 * once and needs no negotiation.
 */
import { isObject } from "../../protocol/objects.js";

export interface MemberState {
  /** Whether it can be heard: there is a microphone, and it is not muted. */
  readonly microphone: boolean;
  /** Whether there is a camera that is on. */
  readonly camera: boolean;
  readonly screen: boolean;
  readonly handRaised: boolean;
}

/** What is thought of a member who has not said anything yet. */
export const initialState: MemberState = {
  microphone: false,
  camera: false,
  screen: false,
  handRaised: false,
};

/** Fields that are missing or make no sense are as they were initially. */
export function parseState(value: unknown): MemberState {
  const told = isObject(value) ? value : {};
  const is = (field: keyof MemberState) => told[field] === true;
  return {
    microphone: is("microphone"),
    camera: is("camera"),
    screen: is("screen"),
    handRaised: is("handRaised"),
  };
}

export function isSameState(one: MemberState, other: MemberState): boolean {
  return (Object.keys(initialState) as (keyof MemberState)[]).every((field) => one[field] === other[field]);
}
