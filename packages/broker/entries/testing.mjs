export { inProcess } from './implementation.cjs';
