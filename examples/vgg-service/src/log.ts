import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

import type { Settings } from './settings/command-line.js';

/** Makes the log, on stdout: for people, or as JSON for programs. */
export function makeLog(form: Settings['log']): Logger {
  switch (form) {
    case 'off':
      return pino({ level: 'silent' });
    case 'json':
      return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ sync: true }));
    case 'text':
      return pino(
        { base: null },
        pretty({
          colorize: process.stdout.isTTY,
          sync: true,
          messageFormat: (entry, key) => (entry[key] === 'request' ? requestLine(entry) : String(entry[key])),
          // The line has what matters of these.
          ignore: 'level,time,id,client,method,path,status,ms,gone',
        }),
      );
  }
}

function requestLine({ method, path, status, ms, client, gone, id }: Record<string, unknown>): string {
  const answer = gone === true ? 'client gone' : status;
  return [new Date().toISOString(), method, path, answer, `${String(ms)} ms`, client, id]
    .map(String)
    .join(' ');
}
