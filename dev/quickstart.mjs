import './lib/require-node.mjs';

// Imported only now: an old Node must not get to parse the rest.
import('./lib/quickstart.mjs');
