export * from './retry-after.js';
export * from './schedule.js';
export * from './tiers.js';
