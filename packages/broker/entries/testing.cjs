const { inProcess } = require('./implementation.cjs');

module.exports = { inProcess };
