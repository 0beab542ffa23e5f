// Imported before anything else. It must parse on every Node that knows ES modules.
import { readFileSync } from 'fs';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const [wantedMajor, wantedMinor] = engines.node.replace('>=', '').split('.').map(Number);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  console.error(
    `This project needs Node ${wantedMajor}.${wantedMinor} or newer, and this is Node ${process.versions.node}: ` +
      'install a newer one from https://nodejs.org and try again.',
  );
  process.exit(1);
}
