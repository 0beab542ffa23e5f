export * from './pipeline.cjs';
