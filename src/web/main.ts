/** The page begins here. */
import { App, type Enter } from "./app.js";
import { readLink } from "./link.js";
import type { Ending } from "./meeting/meeting.js";

const link = readLink();

const enter: Enter = async (entry) => {
  if (link.demo !== undefined) {
    const { SimulatedMeeting } = await import("./meeting/simulated-meeting.js");
    return new SimulatedMeeting(entry.room, entry.name, link.demo, entry.media, entry.levels);
  }
  const { enterMeeting } = await loadMeeting();
  return enterMeeting(entry);
};

/** @throws an Ending. */
async function loadMeeting() {
  try {
    return await import("./meeting/enter.js");
  } catch (error) {
    throw { code: "unreachable", message: String(error) } satisfies Ending;
  }
}

const root = document.querySelector<HTMLElement>("#page");
if (root !== null) new App(root, link, enter).start();
// While the form is filled in, so that a server that goes meanwhile is one that may be back.
if (link.demo === undefined) loadMeeting().catch(() => {});
// A link with a token, opened where the page is already: browsers load nothing for what is after the #.
addEventListener("hashchange", () => location.reload());
