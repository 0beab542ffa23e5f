import type { Problem } from '@dual/http';

import { type Html, html } from './html.js';
import { layout } from './layout.js';

/** The page for any error. */
export function problemPage(problem: Problem): Html {
  const { title, status, detail, code } = problem.toJSON();
  return layout({
    title: `${title} · vgg-service`,
    body: html`<section class="card problem">
      <p class="status" aria-hidden="true">${status}</p>
      <h1>${title}</h1>
      <p class="lead">${detail}</p>
      <p class="hint"><code>${code}</code></p>
      <p><a class="button" href="/vgg">Back to the form</a></p>
    </section>`,
  });
}
