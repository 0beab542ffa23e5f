import type { ReadinessState } from '@dual/http';

import type { ModelInfo } from '../model/model.js';
import { type Html, html } from './html.js';

/** The model as the pages show it. */
export interface ModelView {
  readiness: ReadinessState;
  info: ModelInfo | undefined;
}

const stateText: Record<ReadinessState, string> = {
  idle: 'not started',
  starting: 'loading the model',
  ready: 'ready',
  restarting: 'starting again',
  failed: 'failed',
  draining: 'shutting down',
  closed: 'shut down',
  suspended: 'stopped',
  stalled: 'stuck',
};

export function modelBadge({ readiness: state, info }: ModelView): Html {
  return html`<dl class="model">
    ${
      info &&
      html`<div>
          <dt>Model</dt>
          <dd>${info.name}</dd>
        </div>
        <div>
          <dt>Engine</dt>
          <dd>${info.engine}</dd>
        </div>
        <div>
          <dt>Processes</dt>
          <dd>${info.processes}</dd>
        </div>
        <div>
          <dt>Input</dt>
          <dd>${info.input.width} × ${info.input.height}</dd>
        </div>
        <div>
          <dt>Classes</dt>
          <dd>${info.classes}</dd>
        </div>
        <div>
          <dt>Preprocessing</dt>
          <dd>${info.preprocessing}</dd>
        </div>
        ${
          info.output === 'scores' &&
          html`<div>
            <dt>Output</dt>
            <dd>scores, shown as probabilities</dd>
          </div>`
        }`
    }
    <div>
      <dt>State</dt>
      <dd><span class="state" data-state="${state}" role="status">${stateText[state]}</span></dd>
    </div>
  </dl>`;
}

/** Explains the demonstration model and how to get the real one. */
export function demonstrationNote({ info }: ModelView): Html | undefined {
  if (!info?.demonstration) return undefined;
  return html`<aside class="note">
    <p>
      <strong>This is the demonstration model.</strong> It has VGG-16's layers at a quarter of their width and
      was trained on Fashion-MNIST. It knows ten kinds of clothing, and calls every other picture one of them.
    </p>
    <p>
      One command brings the real VGG-16 with its 1,000 classes (553 MB):
      <code>npm start -- --download</code>
    </p>
  </aside>`;
}
