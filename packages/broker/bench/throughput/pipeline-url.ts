/** The pipeline that all of this measures: it is built beside `main.js`. */
export const pipeline = new URL('./pipeline.js', import.meta.url);
