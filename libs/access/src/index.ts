export * from './access-directory.js';
export * from './authorize.js';
export * from './tokens.js';
