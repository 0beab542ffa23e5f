import workerpool from 'workerpool';

import { echo, sink, usage } from './methods.js';

workerpool.worker({ echo, sink, usage });
