/** The package's own folder; `src/` and the bundled `dist/` are at the same depth below it. */
const root = new URL('../', import.meta.url);

/** What the browser gets as it is: the style sheet, the script, the icon. */
export const publicFolder = new URL('public/', root);

/** The demonstration model that ships with the example. */
export const demonstrationModel = {
  weights: new URL('model/fashion_vgg16.h5', root),
  labels: new URL('model/labels.txt', root),
  samples: new URL('model/samples/', root),
};
