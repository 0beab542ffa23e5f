/** The pipeline of all throughput measurements. The build puts it next to `main.js`. */
export const pipeline = new URL('./pipeline.js', import.meta.url);
