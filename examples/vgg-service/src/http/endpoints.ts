import { FORMAT_NAMES } from '../imaging/format.js';
import { ANSWERS } from './answer.js';

/** One row of the list on the landing page. */
export interface Endpoint {
  method: string;
  path: string;
  does: string;
}

/** The endpoints that the landing page lists. */
export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/', does: 'This list, as a page, as text or as JSON.' },
  {
    method: 'GET',
    path: '/vgg',
    does: 'A form to choose an image. As JSON: a description of the model, and how to POST.',
  },
  {
    method: 'POST',
    path: '/vgg',
    does: 'Classifies the images in a form (file or url), in JSON ({"url": …} or {"base64": …}), or in the body itself. The Accept header chooses the answer: the label, JSON (the five most probable classes, and timings), or a page. Without an image, it classifies a sample photo.',
  },
  { method: 'GET', path: '/health/live', does: '200 while the web server runs.' },
  {
    method: 'GET',
    path: '/health/ready',
    does: '200 when the model accepts images, else 503 with its state.',
  },
];

/** Instructions for programs. */
export const howToPost = {
  body: {
    'multipart/form-data': 'file, or url',
    'application/x-www-form-urlencoded': 'url',
    'application/json': '{"url": "https://…"}, or {"base64": "…"}',
    'application/octet-stream, image/*': 'the bytes of the image',
    none: 'a sample photo',
  },
  fields: { top_k: 'number of classes in the answer (5)', scores: 'true: the probabilities of all classes' },
  formats: FORMAT_NAMES,
  answers: ANSWERS,
};
