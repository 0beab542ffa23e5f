import { Problem } from '@dual/http';

import type { Result } from '../classify.js';
import { FORMAT_NAMES, type ImageFormat, mediaTypes } from '../imaging/format.js';
import { type Html, html } from './html.js';
import { layout } from './layout.js';
import { demonstrationNote, modelBadge, type ModelView } from './model-badge.js';

/** Largest image, in bytes, that is embedded in the page. */
const MAX_PREVIEW_BYTES = 4 * 2 ** 20;

/** The content of the page. */
interface Shown {
  /** File names of the sample photos. */
  samples: readonly string[];
  results?: readonly (Result | Problem)[];
  /** Filled into the form. */
  url?: string;
}

/** `GET /vgg`, and `POST /vgg` with results. */
export function vggPage(model: ModelView, { samples, results = [], url = '' }: Shown): Html {
  const [first] = results;
  const label =
    first === undefined || first instanceof Problem ? undefined : first.classification.top[0]?.label;
  return layout({
    title: `${label ?? 'Classify an image'} · vgg-service`,
    body: html`
      <h1>${first === undefined ? 'What is in this picture?' : "The model's answer"}</h1>
      ${results.map((result) => (result instanceof Problem ? problemCard(result) : resultCard(result)))}
      ${form(first !== undefined, url)} ${model.info?.demonstration && gallery(samples)} ${modelBadge(model)}
      ${demonstrationNote(model)}
    `,
  });
}

function form(again: boolean, url: string): Html {
  const accept = Object.values(mediaTypes).join(',');
  return html`<form class="card" method="post" action="/vgg" enctype="multipart/form-data">
    ${again && html`<h2>Another one?</h2>`}
    <div class="drop">
      <label for="file">
        <span class="drop-title">Choose an image</span>
        <span class="hint"
          >${FORMAT_NAMES}, up to 32 MiB<span class="js-only">; or drop or paste one here</span></span
        >
      </label>
      <input id="file" name="file" type="file" accept="${accept}" />
      <img class="preview" alt="Preview of the chosen image" hidden />
    </div>
    <p class="or"><span>or</span></p>
    <div class="row">
      <label for="url">Address of an image</label>
      <input
        id="url"
        name="url"
        type="url"
        inputmode="url"
        placeholder="https://example.com/photo.jpg"
        autocomplete="off"
        value="${url}"
      />
    </div>
    <p class="actions">
      <button class="button" type="submit">Classify</button>
      <span class="hint">Without an image, the service classifies a sample photo.</span>
    </p>
    <p class="error" role="alert" hidden></p>
  </form>`;
}

function resultCard({ image: { caption, bytes, format }, classification: { top }, timings }: Result): Html {
  const [first] = top;
  return html`<section class="card result" aria-label="Result">
    <figure>
      ${
        canShow(format, bytes)
          ? html`<img src="${dataUrl(format, bytes)}" alt="The image that was classified" />`
          : html`<p class="no-preview">No preview of this image</p>`
      }
      <figcaption>${caption}</figcaption>
    </figure>
    <div>
      <p class="label">${first?.label}</p>
      <ol class="bars">
        ${top.map(
          ({ label, probability }) =>
            html`<li>
              <span class="bar-label">${label}</span><span class="bar-value">${percent(probability)}</span>
              <progress
                max="1"
                value="${probability.toFixed(4)}"
                aria-label="${label}: ${percent(probability)}"
              ></progress>
            </li>`,
        )}
      </ol>
      <dl class="timings">
        ${Object.entries(timings).map(
          ([name, ms]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${ms.toFixed(1)} ms</dd>
            </div>`,
        )}
      </dl>
    </div>
  </section>`;
}

function problemCard({ message, code }: Problem): Html {
  return html`<section class="card problem" aria-label="Result">
    <p>${message}</p>
    <p class="hint"><code>${code}</code></p>
  </section>`;
}

/** Links to the photos. With JavaScript, a click puts the photo into the form and sends it. */
function gallery(samples: readonly string[]): Html {
  return html`<section class="card" aria-labelledby="samples">
    <h2 id="samples">Sample photos</h2>
    <ul class="gallery">
      ${samples.map(
        (name) =>
          html`<li>
            <a href="/samples/${name}" data-sample="${name}"
              ><img
                src="/samples/${name}"
                alt="${name.replace(/-\d+\.png$/, '').replace('_', ' ')}"
                width="96"
                height="96"
                loading="lazy"
            /></a>
          </li>`,
      )}
    </ul>
  </section>`;
}

function canShow(format: ImageFormat, bytes: Uint8Array): boolean {
  return format !== 'tiff' && bytes.length <= MAX_PREVIEW_BYTES;
}

function dataUrl(format: ImageFormat, bytes: Uint8Array): string {
  return `data:${mediaTypes[format]};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
