/** The page begins here. */
import { App, type Enter } from "./app.js";
import { readLink } from "./link.js";

const link = readLink();

/** Only what is used is loaded. */
const enter: Enter = async (entry) => {
  if (link.demo !== undefined) {
    const { SimulatedMeeting } = await import("./meeting/simulated-meeting.js");
    return new SimulatedMeeting(entry.room, entry.name, link.demo, entry.media, entry.levels);
  }
  const { enterMeeting } = await import("./meeting/enter.js");
  return enterMeeting(entry);
};

const root = document.querySelector<HTMLElement>("#page");
if (root !== null) new App(root, link, enter).start();
