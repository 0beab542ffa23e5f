/** One row of the list on the landing page. */
export interface Endpoint {
  method: string;
  path: string;
  does: string;
}

/** The endpoints that the landing page lists. */
export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/', does: 'This list, as a page or as JSON.' },
  {
    method: 'GET',
    path: '/vgg',
    does: 'A form to choose an image. As JSON: a description of the model, and how to POST.',
  },
  {
    method: 'POST',
    path: '/vgg',
    does: 'Classifies the image in a form (file or url), in JSON ({"url": …}), or in the body itself. The Accept header chooses the answer: the label, JSON (the five most probable classes, and timings), or a page. Without an image, it classifies a sample photo.',
  },
  { method: 'GET', path: '/health/live', does: '200 while the web server runs.' },
  {
    method: 'GET',
    path: '/health/ready',
    does: '200 when the model accepts images, else 503 with its state.',
  },
];
