import type { Endpoint } from '../http/endpoints.js';
import { type Html, html } from './html.js';
import { layout } from './layout.js';
import { demonstrationNote, modelBadge, type ModelView } from './model-badge.js';

/** `GET /`: the endpoints, and examples for a shell. `origin` is the address of this server, as a URL. */
export function landingPage(
  model: ModelView,
  { endpoints, origin }: { endpoints: readonly Endpoint[]; origin: string },
): Html {
  return layout({
    title: 'vgg-service',
    body: html`
      <section class="hero">
        <h1>Give an image, get a label</h1>
        <p class="lead">An image classifier behind a web server that stays responsive while it computes.</p>
        <p><a class="button" href="/vgg">Classify an image</a></p>
      </section>
      ${modelBadge(model)} ${demonstrationNote(model)}
      <section class="card">
        <h2>Endpoints</h2>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Request</th>
                <th scope="col">What it does</th>
              </tr>
            </thead>
            <tbody>
              ${endpoints.map(
                ({ method, path, does }) =>
                  html`<tr>
                    <td><code>${method} ${path}</code></td>
                    <td>${does}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </section>
      <section class="card">
        <h2>From a shell</h2>
        <pre><code>curl -F file=@photo.jpg ${origin}/vgg
curl -F file=@photo.jpg -H 'Accept: application/json' ${origin}/vgg
curl -d url=https://example.com/photo.jpg ${origin}/vgg</code></pre>
      </section>
    `,
  });
}

/** The same list for a terminal. */
export function landingText(endpoints: readonly Endpoint[], origin: string): string {
  const rows = endpoints.map(({ method, path, does }) => `${`${method} ${path}`.padEnd(20)}${does}`);
  return [
    'vgg-service: give an image, get a label',
    '',
    ...rows,
    '',
    `curl -F file=@photo.jpg ${origin}/vgg`,
    '',
  ].join('\n');
}
