// The entry of `npm start`, `npm run quickstart` and `npm test`: runs `dev/lib/<command>.mjs`.
import './lib/require-node.mjs';

const [command] = process.argv.splice(2, 1);

// Imported only now, because an old Node could not even parse it.
import(`./lib/${command}.mjs`);
