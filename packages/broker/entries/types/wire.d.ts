export * from './wire.cjs';
