// The entry of `npm start`, `npm test` and other commands: runs `dev/lib/<command>.mjs`.
import './lib/require-node.mjs';

const [command] = process.argv.splice(2, 1);

// Imported only now, because an old Node could not even parse it.
import(`./lib/${command}.mjs`);
