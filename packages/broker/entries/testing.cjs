const implementation = require('./implementation.cjs');

exports.inProcess = implementation.inProcess;
