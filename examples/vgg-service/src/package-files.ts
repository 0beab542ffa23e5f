/** The folder of the package. `src/` and the bundled `dist/` are both one level below it. */
const root = new URL('../', import.meta.url);

/** Files that the browser gets unchanged: the style sheet, the script and the icon. */
export const publicFolder = new URL('public/', root);

/** The demonstration model, which ships with the example. */
export const demonstrationModel = {
  weights: new URL('model/fashion_vgg16.h5', root),
  labels: new URL('model/labels.txt', root),
  samples: new URL('model/samples/', root),
};
