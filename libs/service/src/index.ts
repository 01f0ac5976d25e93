export * from './configuration.js';
export * from './health.js';
export * from './http-adapter.js';
export * from './plain-body.js';
export * from './problem.filter.js';
export * from './request-limits.js';
export * from './run-service.js';
