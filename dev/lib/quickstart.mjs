import { become } from './become.mjs';

await become('examples/quickstart/main.js', 'packages/broker');
