import { become } from './become.mjs';

await become('examples/vgg-service/dist/main.js', 'examples/vgg-service');
