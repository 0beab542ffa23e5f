export interface Endpoint {
  method: string;
  path: string;
  does: string;
}

/** What the landing page lists. */
export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/', does: 'This list, as a page or as JSON.' },
  {
    method: 'GET',
    path: '/vgg',
    does: 'A form to choose an image; as JSON, what the model is and how to POST.',
  },
  {
    method: 'POST',
    path: '/vgg',
    does: 'Classifies the image in a form (file or url), in JSON ({"url": …}) or in the body itself. Answers with the label, with JSON (the five likeliest, with timings), or with a page, by the Accept header. With no image given it takes a sample photo.',
  },
  { method: 'GET', path: '/health/live', does: 'Whether the web server runs.' },
  {
    method: 'GET',
    path: '/health/ready',
    does: 'Whether the model can take an image: 200, or 503 with its state.',
  },
];
