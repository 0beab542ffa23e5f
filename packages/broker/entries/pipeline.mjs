export { currentCall } from './pipeline.cjs';
