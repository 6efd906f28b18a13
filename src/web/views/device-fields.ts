/**
 * Which camera and which microphone: one field for each.
 */
import { fill, h } from "../element.js";
import { texts } from "../language/language.js";
import type { LocalMedia } from "../media/local-media.js";
import type { View } from "./view.js";

const kinds = { camera: "videoinput", microphone: "audioinput" } as const;

export function deviceFields(media: LocalMedia): View {
  const element = h("div", { class: "device-fields" });
  const fields = (["camera", "microphone"] as const).map((device) => {
    const select = h("select", {
      change: () => void media.choose(device, select.value),
    });
    element.append(h("label", { class: "field" }, h("span", {}, texts().join[device]), select));
    return { device, select };
  });

  let shown = "";
  const update = () => {
    const now = JSON.stringify([media.devices, media.chosen("camera"), media.chosen("microphone")]);
    if (now === shown) return;
    shown = now;
    for (const { device, select } of fields) {
      const found = media.devices.filter(({ kind }) => kind === kinds[device]);
      const options = found.map(({ deviceId, label }, index) =>
        h(
          "option",
          { value: deviceId, selected: deviceId === media.chosen(device) },
          label || `${texts().join[device]} ${index + 1}`,
        ),
      );
      fill(select, ...(options.length > 0 ? options : [h("option", {}, texts().join.none)]));
      select.disabled = options.length === 0;
    }
  };
  update();
  return { element, dispose: media.on("change", update) };
}
