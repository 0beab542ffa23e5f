import type { Classification, ModelDescription } from '../../src/pipeline.js';

/** Builds a form as a browser or `curl -F` sends it. */
export function form(fields: { url?: string | string[]; file?: Uint8Array; name?: string }): FormData {
  const data = new FormData();
  for (const url of [fields.url ?? []].flat()) data.append('url', url);
  if (fields.file) data.append('file', new Blob([new Uint8Array(fields.file)]), fields.name ?? 'photo');
  return data;
}

export interface Posted {
  status: number;
  type: string;
  headers: Headers;
  text: string;
}

export async function post(service: { url: string }, init: RequestInit): Promise<Posted> {
  const response = await fetch(`${service.url}/vgg`, { method: 'POST', ...init });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    headers: response.headers,
    text: await response.text(),
  };
}

/** The JSON answer of `POST /vgg`. */
export interface Answer {
  label: string;
  probability: number;
  top: Classification['top'];
  source: string;
  model: ModelDescription & { name: string; demonstration: boolean; processes: number };
  timings: Record<string, number>;
}

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  field?: string;
  state?: string;
}
